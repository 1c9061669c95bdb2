import type { CipCommand, ProgramName } from '../commands/command.ts';
import { type CompletionNode, completionNodes, spellOffer, valuedFlags, valuesOf } from './nodes.ts';

/** The script for bash 3.2 and later. Bash splits `-flag=value` at `=`, if COMP_WORDBREAKS has it. */
export function renderBash(program: ProgramName, commands: readonly CipCommand[]): string {
  return `# bash completion for ${program}
_${program}_node() {
  next= flags= operands=
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
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local valued=' ${valuedFlags(commands).join(' ')} '
  local node='' flag='' prefix='' offer word name next flags operands i
  local IFS=$' \\t\\n'
  _${program}_node ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]} name=\${COMP_WORDS[i]/#--/-}
    if [[ $word == '=' ]]; then ((i++))
    elif [[ $word == -* ]]; then
      [[ $valued == *" $name "* && \${COMP_WORDS[i+1]} != '=' ]] && ((i++))
    elif [[ " $next " == *" $word "* ]]; then
      node="\${node:+$node }$word"
      _${program}_node "$node"
    fi
  done
  if [[ $current == '=' ]]; then flag=$before current=''
  elif [[ $before == '=' ]]; then flag=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $current == -*=* ]]; then flag=\${current%%=*} prefix=$flag= current=\${current#*=}
  elif [[ $valued == *" \${before/#--/-} "* ]]; then flag=$before
  fi
  if [[ -n $flag ]]; then offer=$(_${program}_values "$node" "\${flag/#--/-}")
  elif [[ $current == --* ]]; then offer="\${flags// -/ --}" offer="-\${offer# }"
  elif [[ $current == -* ]]; then offer=$flags
  elif [[ -n $next ]]; then offer=$next
  else offer=$operands
  fi
  COMPREPLY=()
  case $offer in
    @files | @directories)
      compopt -o filenames 2>/dev/null
      [[ $offer == @files ]] && offer=-f || offer=-d
      while IFS= read -r word; do COMPREPLY+=("$prefix$word"); done < <(compgen "$offer" -- "$current") ;;
    *) COMPREPLY=($(compgen -P "$prefix" -W "$offer" -- "$current")) ;;
  esac
}

complete -F _${program} ${program}
`;
}

function renderNode({ path, next, flags, operands }: CompletionNode): string {
  const names = flags.map(({ name }) => `-${name}`).join(' ');
  return `    '${path}') next='${next.join(' ')}' flags='${names}' operands='${spellOffer(operands)}' ;;`;
}

function renderValues({ path, flags }: CompletionNode): string[] {
  return flags.flatMap((flag) => {
    const offer = spellOffer(valuesOf(flag));
    return offer === '' ? [] : [`    '${path} -${flag.name}') echo '${offer}' ;;`];
  });
}
