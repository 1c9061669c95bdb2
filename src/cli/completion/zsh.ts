import type { CipCommand, ProgramName } from '../commands/command.ts';
import { type CompletionNode, completionNodes, spellOffer, valuedFlags, valuesOf } from './nodes.ts';

/** The script for zsh: a file of `$fpath`, or text for `source`. */
export function renderZsh(program: ProgramName, commands: readonly CipCommand[]): string {
  return `#compdef ${program}
_${program}_node() {
  next=() flags=() operands=
  case "$1" in
${completionNodes(program, commands).map(renderNode).join('\n')}
  esac
}

_${program}_values() {
  case "$1 $2" in
${completionNodes(program, commands).flatMap(renderValues).join('\n')}
  esac
}

_${program}() {
  local current=\${words[CURRENT]} before=\${words[CURRENT-1]} node= flag= offer= word name operands
  local -a valued next flags doubled
  local -i i
  valued=(${valuedFlags(commands).join(' ')})
  _${program}_node ''
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]} name=\${words[i]/#--/-}
    if [[ $word == -* ]]; then
      (( $valued[(Ie)$name] )) && ((i++))
    elif (( $next[(Ie)$word] )); then
      node="\${node:+$node }$word"
      _${program}_node "$node"
    fi
  done
  if [[ $current == -*=* ]]; then
    flag=\${current%%=*}
    compset -P '*='
  elif (( $valued[(Ie)\${before/#--/-}] )); then
    flag=$before
  elif [[ $current == --* ]]; then
    doubled=(-$^flags)
    _describe -o flag doubled
    return
  elif [[ $current == -* ]]; then
    _describe -o flag flags
    return
  elif (( $#next )); then
    _describe command next
    return
  fi
  offer=$operands
  [[ -n $flag ]] && offer="$(_${program}_values "$node" "\${flag/#--/-}")"
  case $offer in
    @files) _files ;;
    @directories) _files -/ ;;
    ?*) compadd -- \${=offer} ;;
  esac
}

if [[ $funcstack[1] == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}

function renderNode({ path, next, flags, operands }: CompletionNode): string {
  const described = flags.map(
    ({ name, description }) => `'-${name}:${description.replaceAll(/[`']/g, '').replaceAll(':', '\\:')}'`,
  );
  const set = `next=(${next.join(' ')}) operands='${spellOffer(operands)}'`;
  return `    '${path}') ${set} flags=(${described.join(' ')}) ;;`;
}

function renderValues({ path, flags }: CompletionNode): string[] {
  return flags.flatMap((flag) => {
    const offer = spellOffer(valuesOf(flag));
    return offer === '' ? [] : [`    '${path} -${flag.name}') print -r -- '${offer}' ;;`];
  });
}
