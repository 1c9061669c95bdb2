import { describe, expect, it } from 'vitest';
import { isEmailAddress } from '../../src/base/email-address.ts';

describe('an email address', () => {
  it.each([
    'k8s-infra-gcr-promoter@k8s-artifacts-prod.iam.gserviceaccount.com',
    '123456789-compute@developer.gserviceaccount.com',
    'name@project.example.com.iam.gserviceaccount.com',
    'first.last+tag@example.com',
    'me@host',
  ])('is %s', (text) => {
    expect(isEmailAddress(text)).toBe(true);
  });

  it.each([
    '',
    'name',
    '@project.iam.gserviceaccount.com',
    'name@',
    'name@@project',
    'name@project@other',
    'a name@project',
    'name@project\n',
    'name@pro ject',
    'name@project/../x',
    'name@.com',
    'name@project..com',
    'name@project.',
    '-name@project',
    'name@-project',
    'serviceAccount:name@project',
    'ｎame@project',
  ])('is not %j', (text) => {
    expect(isEmailAddress(text)).toBe(false);
  });
});
