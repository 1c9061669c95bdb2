/** The flag of the second version that started the auditor. */
const AUDIT_FLAG = /^--?audit(?:=(?:1|t|true))?$/i;
/** The flags of `cip audit` in the third version, which was the service. */
const SERVICE_FLAG = /^--?(?:url|branch|path|project)(?:=|$)/;

/**
 * Rewrites the spellings of earlier versions, `cip -audit …` and `cip audit --url=…`, to `cip audit serve …`. Any other
 * command line stays as it is.
 */
export function spellAuditor(argv: readonly string[]): readonly string[] {
  const rest = argv.filter((argument) => !AUDIT_FLAG.test(argument));
  if (rest.length < argv.length) return ['audit', 'serve', ...rest];
  const at = argv.indexOf('audit');
  const isService =
    at !== -1 && argv[at + 1] !== 'serve' && argv.some((argument) => SERVICE_FLAG.test(argument));
  return isService ? argv.toSpliced(at + 1, 0, 'serve') : argv;
}
