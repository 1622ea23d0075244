# Sourced by the fleet's tests, after tests/cli/support.sh: a small work list, runs of it over ranks, and what must
# hold of their outputs and books.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
fleet_dir=$source_dir/tests/fleet
trap 'kill_all 2>/dev/null; chmod -R u+w "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT

# At this diameter a frame is one tile: the runs are about books, not about cells.
run_options=(--model demo --diameter 60 --threads 1 --output-dir out data)

# make_data FILES: that many movies of 8 frames in data, the first ones in two scenes' worth of names.
make_data() {
    mkdir -p data
    for ((i = 1; i <= $1; ++i)); do cp "$demo" "data/movie$i.ome.tif"; done
}
# Everything this test has started and not waited for.
kill_all() {
    local process
    for process in $(pgrep -f -- "$scratch/marked/cytofleet"); do kill -KILL "$process" 2>/dev/null || true; done
}
# The program under a path of this test's own, so that its processes can be told from others.
mkdir -p "$scratch/marked" && ln -s "$program" "$scratch/marked/cytofleet"
fleet_program=$scratch/marked/cytofleet

# on RANKS: what to run the program under.
on() { if [ "$1" -eq 1 ]; then echo ""; else echo "mpirun -n $1"; fi; }
# watched COMMAND...: a run that has not ended after so many seconds never will: what it hangs at goes to the test's output.
longest_run=200
mkfifo "$scratch/never"
watched() {
    local watcher ended=0
    {
        read -rt $longest_run <>"$scratch/never"
        for process in $(pgrep -f -- "$scratch/marked/cytofleet"); do
            echo "$process: $(tr '\0' ' ' <"/proc/$process/cmdline")"
            grep '^State' "/proc/$process/status"
            for thread in "/proc/$process/task/"*; do echo "    $(<"$thread/wchan") $(<"$thread/syscall")"; done
        done
        kill_all
    } >"$scratch/hung" 2>&1 &
    watcher=$!
    "$@" || ended=$?
    kill $watcher 2>/dev/null
    wait $watcher 2>/dev/null
    [ ! -s "$scratch/hung" ] || { fail "a run did not end: $*"; cat "$scratch/hung"; }
    return $ended
}
# fleet RANKS [OPTION...]: a run of the work list; output to log, exit code in $code.
fleet() {
    local ranks=$1
    shift
    code=0
    # shellcheck disable=SC2046
    watched $(on "$ranks") "$fleet_program" run "${run_options[@]}" "$@" >log 2>&1 || code=$?
}
# find_fault_points LEAST: every place that the program names, from the program itself, in places.
find_fault_points() {
    CYTOFLEET_FAULT=trace:*:0:x fleet 3
    mapfile -t places < <(sed -n 's/^fault point: //p' log | sort -u)
    [ "${#places[@]}" -ge "$1" ] || { fail "only ${#places[@]} fault points"; printf '    %s\n' "${places[@]}"; }
}
# make_reference RANKS: the outputs of an undisturbed run, in reference.
make_reference() {
    rm -rf out reference
    fleet "$1"
    reference_code=$code
    [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || { fail "the undisturbed run ended with $code"; cat log; exit 1; }
    mv out reference
}
# same_results WHAT: out holds what reference holds, byte by byte.
same_results() {
    local result
    for result in reference/*_vSM*.ome.tif; do
        same "$result" "out/${result##*/}" || { echo "    after $1"; return 1; }
        [ -s "out/$(basename "$result" .ome.tif).log" ] || fail "a log is missing after $1"
    done
    # The bytes of an HDF5 file depend on how many ranks wrote it; what it says does not.
    for result in reference/*.h5; do
        [ -e "$result" ] || continue
        h5diff -q "$result" "out/${result##*/}" || fail "$result and out/${result##*/} differ after $1"
    done
}
# same_outputs WHAT: the same, and nothing half-written.
same_outputs() { same_results "$1" && no_leftovers out; }
# nothing_twice: no frame that an earlier attempt wrote down was done again by a later one.
nothing_twice() {
    "$fleet_dir/done_twice" out/.cytofleet/* || fail "done twice after $1"
}
