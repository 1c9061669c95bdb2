import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './tools.ts';

/** A certificate and its key: the paths of two PEM files. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority that nobody knows, made with openssl in a directory of its own. */
export class PrivateCa {
  readonly directory: string;
  /** The path of its certificate. */
  readonly cert: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.cert = join(directory, 'ca.crt');
  }

  static async make(): Promise<PrivateCa> {
    const ca = new PrivateCa(mkdtempSync(join(tmpdir(), 'cip-ca-')));
    const files = ['-keyout', join(ca.directory, 'ca.key'), '-out', ca.cert];
    await runTool('openssl', [
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '2',
      '-subj',
      '/CN=an authority of a test',
      ...files,
    ]);
    return ca;
  }

  /** The text of its certificate, in PEM. */
  get pem(): string {
    return readFileSync(this.cert, 'utf8');
  }

  /** A certificate for a host, or for a client when `name` is that of a person. */
  async issue(name: string): Promise<Issued> {
    const at = (end: string) => join(this.directory, `${name}.${end}`);
    const extensions = at('ext');
    writeFileSync(extensions, `subjectAltName=DNS:${name}\n`);
    const request = ['-keyout', at('key'), '-out', at('csr')];
    await runTool('openssl', ['req', ...NEW_KEY, '-subj', `/CN=${name}`, ...request]);
    const ca = ['-CA', this.cert, '-CAkey', join(this.directory, 'ca.key'), '-CAcreateserial'];
    const files = ['-in', at('csr'), '-out', at('crt'), '-extfile', extensions];
    await runTool('openssl', ['x509', '-req', ...ca, '-days', '2', ...files]);
    return { cert: at('crt'), key: at('key') };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
