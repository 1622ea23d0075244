# shellcheck shell=bash
# What both parts of tests/gpu/check do: get their programs, run tests, the benchmark, and Python beside it.

test_gpu="" bench_gpu="" libraries=""
pack=$PWD/build/gpu-pack
patterns=() # besides GoogleTest's own

# Mostly seconds; where all must be built, minutes, and the last steps of the first part get no time.
get_programs() {
    local given=$model
    rm -f "$work/programs.sh"
    step programs 240 tests/gpu/checks/programs "$work" "${rehearse:-prebuilt}"
    [ ! -f "$work/programs.sh" ] || . "$work/programs.sh"
    model=${given:-$model}
    facts+=("programs: ${programs:-none}; model: $model")
    # Kernels that cuDNN compiled elsewhere.
    [ ! -d "$pack/kernels" ] || export CYTOFLEET_CACHE=${CYTOFLEET_CACHE:-$pack/kernels}
    ours=(env "LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}")
}

# test_step NAME SECONDS FILTER: GoogleTest's tests; notes those that failed, or ran when it ended.
test_step() {
    local name=$1 limit=$2 tests=$3
    if [ -z "$test_gpu" ]; then
        settle "$name" "FAILED: there is no test_gpu to run"
        return
    fi
    expected=('^\[  PASSED  \] [1-9][0-9]* test' ${patterns[@]+"${patterns[@]}"})
    step "$name" "$limit" "${ours[@]}" "$test_gpu" "--gtest_filter=$tests" "--gtest_output=json:$results/tests.json"
    expected=()
    # GoogleTest writes it at its end, if it comes to that.
    [[ $name != test_gpu || ! -f $results/tests.json ]] || mv -f "$results/tests.json" "$results/test_gpu.json"
    rm -f "$results/tests.json"
    # What first notes is what second reads; the sanitizers slow everything down and are no measure.
    [ -n "${patterns[*]:-}" ] || note_failed "$(failed_of "$output")"
    [[ $result == ok || $result == "not run"* ]] || remark "$name" "$(grep -cE '^\[       OK \] ' "$output") tests passed, $(failed_of "$output" |
        grep -c ' failed$') failed"
}

# note_failed LINES: once each, where second looks and where results go.
note_failed() {
    local file
    printf '%s\n' "$1" | cat - "$work/failed_tests" 2>/dev/null | sed '/^$/d' | sort -u >"$work/failed_tests.tmp" || true
    for file in "$work/failed_tests" "$results/failed_tests"; do cp "$work/failed_tests.tmp" "$file"; done
}

# failed_of OUTPUT: a line for each test, its name first. The lists at GoogleTest's end have no times.
failed_of() {
    awk '/^\[ RUN      \] / {running = $4}
        /^\[       OK \] |^\[  SKIPPED \] / {running = ""}
        /^\[  FAILED  \] .*\([0-9]+ ms\)$/ {sub(",$", "", $4); print $4 " failed"; running = ""}
        END {if (running != "") print running " was running when the program ended"}' "$1"
}

# bench_step NAME SECONDS ARGUMENT...: a part of the benchmark in a process of its own, with figures of its own.
bench_step() {
    local name=$1 limit=$2 arguments
    shift 2
    arguments=("$@")
    if [ -z "$bench_gpu" ]; then
        settle "$name" "FAILED: there is no bench_gpu to run"
        return
    fi
    # The emulation takes seconds for what a GPU does in microseconds.
    [ -z "$rehearse" ] || arguments=(--smoke "$@" --frames 40)
    figures_of "$name"
    step "$name" "$limit" "${ours[@]}" "$bench_gpu" --model "$model" "${arguments[@]}" --json "$figures"
    figures=""
}

# python_step NAME SECONDS torch|cellpose ARGUMENT...
python_step() {
    local name=$1 limit=$2 needs=$3
    shift 3
    if ! command -v "$python" >/dev/null; then
        settle "$name" "left out: there is no $python"
        return
    fi
    figures_of "$name"
    step "$name" "$limit" "$python" tests/gpu/checks/with_cellpose "$pack/python" "$needs" tests/gpu/bench/torch_network \
        "$model" "$@" --json "$figures"
    # torch_network says in its figures why it timed nothing.
    local problem
    problem=$(sed -nE 's/.*"problem": "(.*)",?$/\1/p' "$figures" 2>/dev/null | head -n 1)
    if [ "$result" = ok ] && [ -n "$problem" ]; then
        settle "$name" "left out: $problem" "${step_wall[$name]}" "${step_cpu[$name]}"
    fi
    figures=""
}

# Where the next step is to leave its figures; without them it has not passed.
figures_of() {
    figures=$work/figures/${1// /_}.json
    rm -f "$figures"
}
