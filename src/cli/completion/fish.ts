import type { CipCommand, ProgramName } from '../commands/command.ts';
import type { Flag } from '../flags/flag.ts';
import { type CompletionNode, completionNodes, type Offer, valuedFlags, valuesOf } from './nodes.ts';

/** The script for fish 3. */
export function renderFish(program: ProgramName, commands: readonly CipCommand[]): string {
  const nodes = completionNodes(program, commands);
  return `# fish completion for ${program}
function __${program}_at
  set -l node
  set -l skip
  for word in (commandline -opc)[2..-1]
    if set -q skip[1]
      set skip
    else if string match -q -- '-*' $word
      contains -- (string replace -r '^--' - -- $word) ${valuedFlags(commands).join(' ')}; and set skip 1
    else if contains -- (string join ' ' $node $word) ${nodes.map(({ path }) => `'${path}'`).join(' ')}
      set -a node $word
    end
  end
  test "$argv" = "$node"
end

complete -c ${program} -f
${nodes.flatMap((node) => renderNode(program, node)).join('\n')}
`;
}

function renderNode(program: ProgramName, { path, next, flags, operands }: CompletionNode): string[] {
  const at = `complete -c ${program} -n "__${program}_at ${path}"`;
  const words = next.length > 0 ? next : operands;
  return [
    ...(words === undefined ? [] : [`${at} ${renderOffer(words)}`]),
    ...flags.flatMap((flag) => renderFlag(at, flag)),
  ];
}

/** One dash and two. */
function renderFlag(at: string, flag: Flag): string[] {
  const about = `-d '${flag.description.replaceAll(/[`']/g, '')}'`;
  const value = flag.value === undefined ? '' : ` -r ${renderOffer(valuesOf(flag))}`;
  return ['-o', '-l'].map((dashes) => `${at} ${dashes} ${flag.name}${value} ${about}`);
}

function renderOffer(offer: Offer): string {
  if (offer === undefined) return '-f';
  if (offer === 'files') return '-F';
  return offer === 'directories' ? "-f -a '(__fish_complete_directories)'" : `-f -a '${offer.join(' ')}'`;
}
