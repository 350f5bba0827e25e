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
