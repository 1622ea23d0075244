# shellcheck shell=bash
# Steps of tests/gpu/check: each a process of its own with a limit of its own, in a process group that is ended with it.
# What is known is on disk after every one: the log as it grows, `summary` and figures.json rewritten.
#
# The caller sets: slower (limits are multiplied by it), title, log and results (a file and a folder), work (a folder for the JSON of single parts), and calls
# plan_steps with the names to come. `deadline`: when, in $SECONDS, nothing may run any more; limits are cut to it.

declare -A step_result=() step_wall=() step_cpu=() step_limits=()
step_names=()
facts=()   # lines at the head of the summary
expected=() # patterns that a step's output must have, a line each
figures="" # the file of figures that a step has to write, if it has to
deadline=$((24 * 3600))
kill_after=5
running=""
current=""

plan_steps() {
    local name
    for name in "$@"; do
        [ -z "${step_result[$name]:-}" ] || continue
        step_names+=("$name")
        step_result[$name]="not reached"
    done
}

# drop_step NAME: the last that was planned.
drop_step() {
    unset "step_names[-1]" "step_result[$1]"
}

# CPU time, in milliseconds, of all processes that have ended and were waited for. `times` in a subshell would speak of
# the subshell.
children_cpu() {
    times >"$work/times.tmp"
    cpu=$(awk -F '[ms ]+' 'END {printf "%d", ($1 + $3) * 60000 + ($2 + $4) * 1000}' "$work/times.tmp")
}

# count_steps PATTERN: how many have such a result.
count_steps() {
    local name count=0
    for name in "${step_names[@]}"; do
        # shellcheck disable=SC2053
        [[ ${step_result[$name]} != $1 ]] || count=$((count + 1))
    done
    echo $count
}

all_passed() { [ $(($(count_steps ok) + $(count_steps "left out*"))) -eq ${#step_names[@]} ]; }

write_summary() {
    local name total=0
    {
        for name in "${step_names[@]}"; do total=$((total + ${step_cpu[$name]:-0})); done
        echo "$title: $(count_steps ok) of ${#step_names[@]} steps passed, $(count_steps "left out*") left out;" \
            "$SECONDS s, $((total / 1000)) CPU seconds, or $((total / 16000)) on all of 16 cores"
        printf '%s\n' ${facts[@]+"${facts[@]}"}
        printf '%-28s %8s %8s  %s\n' step "wall s" "CPU s" result
        for name in "${step_names[@]}"; do
            printf '%-28s %8s %8s  %s\n' "$name" "$(seconds_of "${step_wall[$name]:-}")" \
                "$(seconds_of "${step_cpu[$name]:-}")" "${step_result[$name]}"
        done
    } >"$results/summary.tmp"
    mv "$results/summary.tmp" "$results/summary"
}

seconds_of() { [ -z "$1" ] || printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# All figures in one file, for whoever fetches results one by one. A part that was cut while it wrote is left out here.
write_figures() {
    local file separator=""
    {
        printf '{'
        for file in "$work"/figures/*.json; do
            [[ -s $file && $(tail -c 2 "$file") == *\}* ]] || continue
            printf '%s\n"%s": ' "$separator" "$(basename "$file" .json)"
            cat "$file"
            separator=,
        done
        printf '\n}\n'
    } >"$results/figures.json.tmp"
    mv "$results/figures.json.tmp" "$results/figures.json"
}

# settle NAME RESULT [MILLISECONDS CPU-MILLISECONDS]
settle() {
    step_result[$1]=$2
    step_wall[$1]=${3:-}
    step_cpu[$1]=${4:-}
    write_figures
    write_summary
    echo "   $1: $2"
}

# remark NAME TEXT: after what the summary says of it.
remark() {
    step_result[$1]+=" ($2)"
    write_summary
}

# step NAME SECONDS COMMAND...; sets `result`, and `output`, a file with what the command said.
step() {
    local name=$1 limit=${step_limits[$1]:-$(($2 * slower))} left=$((deadline - SECONDS - kill_after)) trimmed="" code=0
    local began cpu_began offset pattern milliseconds
    shift 2
    output=$work/output.tmp
    : >"$output"
    if [ "$limit" -gt "$left" ]; then
        limit=$left
        trimmed=", which was all the time left"
    fi
    if [ "$limit" -le 0 ]; then
        result="not run: no time left"
        settle "$name" "$result"
        return
    fi
    echo "== $name (at most $limit s)"
    { printf '\n== %s\n' "$name"; printf '%q ' "$@"; echo; } >>"$log"
    step_result[$name]=running
    running=$name
    write_summary
    offset=$(stat -c %s "$log")
    children_cpu
    cpu_began=$cpu
    began=${EPOCHREALTIME/[.,]/}
    # timeout leads a process group of its own: what it leaves behind is ended too.
    timeout --kill-after=$kill_after "$limit" "$@" >>"$log" 2>&1 </dev/null &
    current=$!
    wait "$current" || code=$?
    kill -KILL -- "-$current" 2>/dev/null || true
    current=""
    running=""
    milliseconds=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
    children_cpu
    tail -c "+$((offset + 1))" "$log" >"$output"
    if [ $code -eq 0 ]; then
        result=ok
    elif [[ $code == 124 || $code == 137 ]] && [ $milliseconds -ge $((limit * 1000)) ]; then
        result="cut after $limit s$trimmed"
    elif [ $code -eq 77 ]; then
        result="left out: $(tail -n 1 "$output")"
    elif [ $code -gt 128 ]; then
        result="FAILED: killed by signal $((code - 128))"
    else
        result="FAILED: exit code $code"
    fi
    for pattern in ${expected[@]+"${expected[@]}"}; do
        [ "$result" != ok ] || grep -qE -- "$pattern" "$output" || result="FAILED: nothing says \"$pattern\""
    done
    if [ "$result" = ok ] && [ -n "$figures" ]; then
        [ -s "$figures" ] || result="FAILED: there are no figures"
        ! grep -qsE '"complete": *false' "$figures" || result="FAILED: its figures are not complete"
    fi
    if [ "$result" != ok ]; then
        tail -n 25 "$output"
    elif [ -n "$figures" ]; then
        tail -n 20 "$output"
    else
        tail -n 3 "$output"
    fi
    settle "$name" "$result" $milliseconds $((cpu - cpu_began))
}

# The program under test was told to stop: so is what it runs, and what is known is written.
stopped() {
    trap '' TERM INT HUP
    if [ -n "$current" ]; then
        kill -TERM -- "-$current" 2>/dev/null || true
        sleep 1
        kill -KILL -- "-$current" 2>/dev/null || true
        settle "$running" "stopped with tests/gpu/check, by SIG$1"
    fi
    close_steps
    exit 1
}
trap 'stopped TERM' TERM
trap 'stopped INT' INT
trap 'stopped HUP' HUP

close_steps() {
    write_figures
    write_summary
    rm -f "$work"/*.tmp
    { echo; cat "$results/summary"; } | tee -a "$log"
    echo "log, summary and figures: $results"
}
