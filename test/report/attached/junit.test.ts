import { describe, expect, it } from 'vitest';
import { parseJunit } from '../../../src/report/attached/junit.ts';

const FILE = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all">
  <testsuite name="e2e">
    <properties><property name="image" value="app:v1"/><property name="note">some text</property></properties>
    <testcase name="starts &amp; stops" classname="k8s.e2e" time="1.5"/>
    <testsuite name="inner">
      <testcase name="fails"><failure message="no answer">a
long trace</failure></testcase>
      <testcase name="breaks"><properties><property name="image" value="tool:v2"/></properties>
        <error><![CDATA[boom
at x]]></error></testcase>
    </testsuite>
    <testcase name="waits"><skipped/></testcase>
  </testsuite>
</testsuites>`;

describe('a JUnit file', () => {
  it('has tests with their outcome, suites and texts', () => {
    const suite = ['e2e', 'app:v1', '', '', 'some text'];
    expect(parseJunit(FILE)).toEqual([
      {
        suites: ['e2e'],
        name: 'starts & stops',
        outcome: 'passed',
        message: '',
        texts: ['starts & stops', 'k8s.e2e', ...suite],
      },
      {
        suites: ['e2e', 'inner'],
        name: 'fails',
        outcome: 'failed',
        message: 'no answer',
        texts: ['fails', '', ...suite, 'inner'],
      },
      {
        suites: ['e2e', 'inner'],
        name: 'breaks',
        outcome: 'failed',
        message: 'boom',
        texts: ['breaks', '', 'tool:v2', '', ...suite, 'inner'],
      },
      { suites: ['e2e'], name: 'waits', outcome: 'skipped', message: '', texts: ['waits', '', ...suite] },
    ]);
  });

  it('may be one suite, and may be empty', () => {
    expect(parseJunit('<testsuite name="a"><testcase name="b"/></testsuite>')).toMatchObject([
      { suites: ['a'], name: 'b' },
    ]);
    expect(parseJunit('<testsuites/>')).toEqual([]);
  });

  it('has the first line of a message that begins with blank lines', () => {
    const failure = '<failure message="&#10;Expecting actual:&#13;&#10;  1"/>';
    expect(parseJunit(`<testsuite><testcase>${failure}</testcase></testsuite>`)).toMatchObject([
      { message: 'Expecting actual:' },
    ]);
  });

  it.each([
    ['<testsuite>'.repeat(60), /^suites are nested more than 50 levels deep$/],
    ['', /^not well-formed XML: .*\(line 1, column 1\)$/],
    ['<testsuite><testcase></testsuite>', /^not well-formed XML: unexpected close tag/],
    ['<html></html>', /^not a JUnit file: the root element is <html>, expected <testsuites>$/],
    ['{"tests": 1}', /^not well-formed XML/],
    ['<testsuite name="&xxe;"/>', /^not well-formed XML: undefined entity/],
    [
      '<!DOCTYPE t [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><testsuite name="&xxe;"/>',
      /^a document type is not supported/,
    ],
  ])('is refused in words: %s', (text, message) => {
    expect(() => parseJunit(text)).toThrow(message);
  });
});
