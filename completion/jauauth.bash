# SPDX-License-Identifier: Apache-2.0
# Completion of jauauth's command line for bash.

# Prints the ids of servers, or the names of tools, of the configuration on this command line.
_jauauth_ask()
{
  local options=() i
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    case ${words[i]} in
    --config | --servers | --plugin-dir | --keeper | --canary | --strategy)
      options+=("${words[i]}" "${words[i + 1]}")
      ;;
    esac
  done
  timeout 10 "${words[0]}" "${options[@]}" --log-level error "$@" 2>/dev/null
}

# Prints the ids in the servers file: members "id" of a list, or the names of servers in an object.
_jauauth_servers()
{
  local file='' i
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    [[ ${words[i]} != --servers ]] || file=${words[i + 1]}
  done
  [[ -n $file ]] ||
    file=$(_jauauth_ask config paths | sed -n 's/^servers *[a-z]* *\(.*\)  (used)$/\1/p')
  [[ -r $file ]] || return 0
  sed -n 's/.*"id" *: *"\([A-Za-z][A-Za-z0-9_-]*\)".*/\1/p' "$file"
  tr -s ' \t\n' ' ' <"$file" | grep -oE '"[A-Za-z][A-Za-z0-9_-]*" ?: ?\{[^{}]*"command" ?:' |
    sed 's/^"\([^"]*\)".*/\1/' | grep -vx servers
}

_jauauth_complete()
{
  local words=("${COMP_WORDS[@]}") current=${COMP_WORDS[COMP_CWORD]}
  local previous=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()

  case $previous in
  --config | --servers | --to | --keeper | --canary)
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
    ;;
  --plugin-dir)
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    return
    ;;
  --log-level)
    mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$current")
    return
    ;;
  --log-format)
    mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$current")
    return
    ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--config --servers --json --strict --refresh --to --write
      --update --yes --watch --stdio --allow-unsandboxed --log-level --log-format --plugin-dir
      --keeper --canary --strategy --help --version' \
      -- "$current")
    return
  fi

  # The command's own words, without options and their values.
  local given=() i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${words[i]} in
    --config | --servers | --to | --plugin-dir | --keeper | --canary | --strategy | --log-level | \
      --log-format)
      ((i++))
      ;;
    -*) ;;
    *) given+=("${words[i]}") ;;
    esac
  done
  local choice=
  case "${given[*]}" in
  '') choice='serve plugins config init doctor explain prepare verify tools call ps reap' ;;
  plugins) choice='list show' ;;
  config) choice='check import paths schema' ;;
  'plugins show') choice=$(_jauauth_ask plugins list | awk 'NR > 1 { print $1 }') ;;
  explain | tools | prepare | 'prepare '* | verify | 'verify '*) choice=$(_jauauth_servers) ;;
  'config check' | 'config import')
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
    ;;
  esac
  [[ -z $choice ]] || mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$current")
}

complete -F _jauauth_complete jauauth
