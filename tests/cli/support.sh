# Sourced by the command-line tests: a scratch folder, the program, and checks that say what went wrong.
set -u
program=$(realpath "${1:?usage: TEST PROGRAM}")
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
demo="$source_dir/launch/demo/demo_movie.ome.tif"
scratch=$(mktemp -d)
# What a test leaves running would also keep its output open, and so the suite waiting.
trap 'kill $(jobs -p) 2>/dev/null; chmod -R u+w "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
export SOURCE_DATE_EPOCH=1700000000
failures=0

fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# expect CODE COMMAND...: runs it, keeps stdout and stderr in files of these names.
expect() {
    local want=$1 got=0
    shift
    "$@" >stdout 2>stderr || got=$?
    if [ "$got" -ne "$want" ]; then
        fail "exit code $got, not $want: $*"
        sed 's/^/    /' stdout stderr
    fi
}
says() { grep -qF -- "$2" "$1" || { fail "$1 does not say: $2"; sed 's/^/    /' "$1"; }; }
silent_about() { ! grep -qF -- "$2" "$1" || { fail "$1 says: $2"; sed 's/^/    /' "$1"; }; }
one_error_line() { [ "$(grep -c '^error: ' stderr)" -eq 1 ] || { fail "not one error line"; cat stderr; }; }
there() { [ -s "$1" ] || fail "$1 is missing or empty"; }
not_there() { [ ! -e "$1" ] || fail "$1 is there"; }
no_leftovers() {
    local left
    left=$(find "$1" -name '*.spool' -o -name '*.tmp*' -o -name '*.part*' | head -n 5)
    [ -z "$left" ] || fail "left behind: $left"
}
same() { cmp -s "$1" "$2" || { fail "$1 and $2 differ"; return 1; }; }
finish() {
    [ "$failures" -eq 0 ] && echo "ok" && exit 0
    echo "$failures failed" && exit 1
}
