# shellcheck shell=bash
# The first part: what tells most comes first. The limits add up to 8 minutes, which is also the most that all may take.

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
    if grep -q -- '"--only"' tests/gpu/bench/torch_network; then
        python_step "python eval" 25 cellpose --only eval
        python_step "python network" 20 torch --only network
    else
        settle "python eval" "left out: this torch_network times it with the network"
        python_step "python network" 45 torch
    fi
    deadline=$whole
}
