# shellcheck shell=bash
# The second part: what failed in the first, alone, under memcheck; if nothing did, or nobody knows, the sanitizers over
# the small twins. Then the rest of the benchmark.

# The sanitizers follow every access of every thread, and see in a small frame what they would see in a large one. So:
# the tests of our own kernels, which start each of them at least once (as counted under emulation), without the goldens
# and what is there for its size. Nothing through cuDNN, whose kernels are not ours to judge.
small='*Twin.*:*HugeLabels.*:NnKernels.*:DevicePool.*'
large='*Golden*:*OfTheNetworksSize:*.HugeFrames*:*.StableFrom*:*.MoreThan*:*.LargeFrames*:*.BoxesTooLarge*'
large+=':*.MoreChunks*:*.NinthsAre*:*.OneStageForFrame*:*.OptionsAndOther*:*.AnyLabelsOf*:SegmenterTwin.*'
small_twins=${filter:-$small:-$large}
# cuDNN's own accesses tell whether the tensors and workspaces it was given are as large as we said.
convolutions='CudaOps.ConvolutionsWithEverythingAround'
most_alone=6

plan_second() {
    mapfile -t alone < <([ ! -s "$work/failed_tests" ] || awk '{print $1}' "$work/failed_tests" | head -n $most_alone)
    plan_steps environment programs "sanitizer works"
    local test
    if [ ${#alone[@]} -gt 0 ]; then
        for test in "${alone[@]}"; do plan_steps "$test"; done
    else
        plan_steps racecheck memcheck
    fi
    plan_steps convolutions "network fp32" "frames 4096" movie initcheck synccheck "memcheck cudnn"
}

run_second() {
    local test
    sanitizer=$(find_sanitizer "$(find_cuda)")
    # Some virtual machines refuse it: better known before each of its checks has failed.
    sanitize "sanitizer works" memcheck 60 'DevicePool.*'
    [[ $result == "not run"* ]] || grep -q 'ERROR SUMMARY' "$output" || sanitizer=""
    if [ ${#alone[@]} -gt 0 ]; then
        echo "failed in the first part: $(paste -sd, "$work/failed_tests")" | tee -a "$log"
        for test in "${alone[@]}"; do alone_step "$test" 90; done
    else
        sanitize racecheck racecheck 150 "$small_twins"
        sanitize memcheck memcheck 120 "$small_twins"
    fi
    bench_step convolutions 100 --only convolutions --precision fp16
    bench_step "network fp32" 60 --only network --precision fp32
    bench_step "frames 4096" 80 --only frames --precision fp16 --frames 4096
    if [ -z "$bench_gpu" ] || timeout 20 "${ours[@]}" "$bench_gpu" --help | grep -c movie >/dev/null; then
        bench_step movie 60 --only movie --precision fp16
    else
        settle movie "left out: this benchmark has it under frames"
    fi
    sanitize initcheck initcheck 120 "$small_twins"
    sanitize synccheck synccheck 100 "$small_twins"
    sanitize "memcheck cudnn" memcheck 150 "${filter:-$convolutions}" --report-api-errors no
}

# sanitize NAME TOOL SECONDS FILTER [OPTION...]
sanitize() {
    local name=$1 tool=$2 limit=$3 tests=$4 whole=("${ours[@]}")
    shift 4
    if [ -z "$rehearse" ] && [ -z "$sanitizer" ]; then
        settle "$name" "not run: compute-sanitizer does not work here"
        return
    fi
    if [ -z "$rehearse" ]; then
        ours+=("$sanitizer" --tool "$tool" --error-exitcode 9 --print-limit 20 "$@")
        patterns=('SUMMARY: 0 (errors|hazards)')
    fi
    test_step "$name" "$limit" "$tests"
    patterns=()
    ours=("${whole[@]}")
}

# A test that failed among the others: alone, it says whether it fails by itself, and memcheck why.
alone_step() {
    if [ -n "$sanitizer" ]; then
        sanitize "$1" memcheck "$2" "$1" --report-api-errors no
    else
        test_step "$1" "$2" "$1"
    fi
}
