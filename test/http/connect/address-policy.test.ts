import { describe, expect, it } from 'vitest';
import {
  type AddressClass,
  classifyAddress,
  classifyHostname,
  fartherOf,
  mayConnect,
  type Nearest,
} from '../../../src/http/connect/address-policy.ts';

describe('the class of an address', () => {
  it.each<[AddressClass, readonly string[]]>([
    [
      'public',
      ['8.8.8.8', '172.15.0.1', '172.32.0.1', '169.253.0.1', '169.255.0.1', '100.63.0.1', '100.128.0.1'],
    ],
    ['public', ['2607:f8b0:4004:c07::5f', '2001:db8::1', '::ffff:8.8.8.8', '::ffff:808:808']],
    ['public', ['64:ff9b::8.8.8.8', '2002:808:808::1']],
    ['private', ['10.0.0.5', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '198.18.0.1']],
    ['private', ['240.0.0.1', 'fc00::1', 'fd12:3456::1', 'fec0::1', '::ffff:10.0.0.5', '64:ff9b::10.0.0.5']],
    ['private', ['2002:a00:5::1', '64:ff9b:1::1']],
    ['loopback', ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1']],
    ['forbidden', ['169.254.169.254', '169.254.170.2', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe']],
    ['forbidden', ['::169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '::ffff:0:a9fe:a9fe']],
    [
      'forbidden',
      ['fe80::1', 'fe80::1%eth0', 'febf::1', 'fd00:ec2::254', 'fd00:0ec2:0::0254', 'fd20:ce::254'],
    ],
    [
      'forbidden',
      ['100.100.100.200', '168.63.129.16', '192.0.0.192', '224.0.0.1', '255.255.255.255', 'ff02::1'],
    ],
    ['forbidden', ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0', '2001:0:4136:e378:8000:63bf:3fff:fdd2']],
    ['forbidden', ['', 'registry.example.com', '1.2.3', '0xa9fea9fe', '2852039166', '/run/docker.sock']],
  ])('is %s for %j', (expected, addresses) => {
    expect(addresses.map(classifyAddress)).toEqual(addresses.map(() => expected));
  });
});

describe('the class of the host of a URL', () => {
  it.each<[string, AddressClass | undefined]>([
    ['http://registry.example.com/', undefined],
    ['http://8.8.8.8/', 'public'],
    ['http://[::1]/', 'loopback'],
    ['http://localhost:5000/', 'loopback'],
    ['http://LOCALHOST./', 'loopback'],
    ['http://a.localhost/', 'loopback'],
    ['http://0x7f.1/', 'loopback'],
    ['http://2130706433/', 'loopback'],
    ['http://10.1/', 'private'],
    ['http://2852039166/', 'forbidden'],
    ['http://0xa9fea9fe/', 'forbidden'],
    ['http://0251.0376.0251.0376/', 'forbidden'],
    ['http://169.254.43518/', 'forbidden'],
    ['http://169.254.169.254./', 'forbidden'],
    ['http://[::ffff:169.254.169.254]/', 'forbidden'],
    ['http://%31%36%39.254.169.254/', 'forbidden'],
    ['http://0/', 'forbidden'],
    ['http://metadata.google.internal/', 'forbidden'],
    ['http://Metadata.Google.Internal./', 'forbidden'],
  ])('%s is %s', (url, expected) => {
    expect(classifyHostname(new URL(url).hostname)).toBe(expected);
  });
});

describe('a connection', () => {
  it.each<[Nearest, readonly AddressClass[]]>([
    ['public', ['public']],
    ['private', ['public', 'private']],
    ['loopback', ['public', 'private', 'loopback']],
  ])('of a group that may come as near as %s may lead to %j', (nearest, allowed) => {
    const all: readonly AddressClass[] = ['public', 'private', 'loopback', 'forbidden'];
    expect(all.filter((address) => mayConnect(address, nearest))).toEqual(allowed);
  });

  it('counts as the farthest that was seen', () => {
    expect(fartherOf('loopback', 'private')).toBe('private');
    expect(fartherOf('public', 'loopback')).toBe('public');
    expect(fartherOf('private', 'private')).toBe('private');
  });
});
