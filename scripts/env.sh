# shellcheck shell=bash disable=SC2034  # its variables are used by the scripts
# Sourced by the other scripts: paths and interpreters. Not run by itself.
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
# Without compiled files every start of Home Assistant compiles some thousand modules again.
unset PYTHONDONTWRITEBYTECODE

# Set `python` to Home Assistant's Python and set it up first if needed ($1: the part of the set-up).
suite_python() {
  if [[ ! -x $venv/bin/python || ! -e $venv/.ready || $root/requirements.lock -nt $venv/.ready ]]; then
    "$root/scripts/setup" --for "${1:-lint}" >&2
  fi
  python=$venv/bin/python
}

# Put Node >= 20.19 on PATH: the machine's, otherwise the one that PyPI installed into the venv.
suite_node() {
  local version
  version=$(node --version 2>/dev/null) && [[ $(printf '%s\n' v20.19.0 "$version" | sort -V | head -n 1) == v20.19.0 ]] && return
  [[ -x $venv/bin/node ]] && PATH=$venv/bin:$PATH && export PATH && return
  return 1
}
