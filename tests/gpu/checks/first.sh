# shellcheck shell=bash
# The first part: what tells most comes first. Each limit is what its step may
# need at worst; all together get 8 minutes.

first_limit=480

plan_first() {
    plan_steps environment programs "cudnn executes" test_gpu "masks" "network fp16" "frames fp16" "network tf32" \
        "python eval" "python network"
}

run_first() {
    local whole=$deadline
    [ "$deadline" -le $((first_limit * slower)) ] || deadline=$((first_limit * slower))
    test_step "cudnn executes" 60 "${filter:-NnKernels.*:DevicePool.*:CudaOps.*}"
    test_step test_gpu 150 "${filter:-*}"
    bench_step masks 30 --only masks --frames 512,2048
    bench_step "network fp16" 60 --only network --precision fp16
    bench_step "frames fp16" 80 --only frames --precision fp16 --frames 2048
    bench_step "network tf32" 60 --only network --precision tf32
    # Most of it is loading torch, twice.
    if grep -q -- '"--only"' tests/gpu/bench/torch_network; then
        python_step "python eval" 40 cellpose --only eval
        python_step "python network" 25 torch --only network
    else
        settle "python eval" "left out: this torch_network times it with the network"
        python_step "python network" 65 torch
    fi
    deadline=$whole
}
