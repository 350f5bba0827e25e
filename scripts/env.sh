# Sourced by the scripts: where things are. Not run by itself.
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}

# Home Assistant's Python, set up first where it is not there yet ($1: which part of the set-up is needed).
suite_python() {
  if [[ ! -x $venv/bin/python || ! -e $venv/.ready || $root/requirements.lock -nt $venv/.ready ]]; then
    "$root/scripts/setup" --for "${1:-lint}" >&2
  fi
  python=$venv/bin/python
}

# Node >= 22 on PATH: the machine's, else the one that came from PyPI into the venv.
suite_node() {
  local major
  major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
  ((${major:-0} >= 22)) && return
  [[ -x $venv/bin/node ]] && PATH=$venv/bin:$PATH && export PATH && return
  return 1
}
