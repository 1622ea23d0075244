# shellcheck shell=bash
# What tests/gpu/check needs of a machine, wherever it lies.

python=${PYTHON:-python3}

# The toolkit's folder, or nothing.
find_cuda() {
    local nvcc
    nvcc=$(PATH=$PATH:/usr/local/cuda/bin command -v nvcc) || return 0
    dirname "$(dirname "$(readlink -f "$nvcc")")"
}

# Folders of NVIDIA's libraries that came with Python packages (torch's), a line each.
python_libraries() {
    timeout 30 "$python" - 2>/dev/null <<'PYTHON' || true
import glob, importlib.util
for root in importlib.util.find_spec("nvidia").submodule_search_locations:
    print(*sorted(glob.glob(root + "/*/lib")), sep="\n")
PYTHON
}

# cudnn_version FOLDER-OF-THE-HEADER: 9.19.0, or nothing.
cudnn_version() {
    [ ! -f "$1/cudnn_version.h" ] || awk '$1 == "#define" && $2 ~ /^CUDNN_(MAJOR|MINOR|PATCHLEVEL)$/ {part[$2] = $3}
        END {print part["CUDNN_MAJOR"] "." part["CUDNN_MINOR"] "." part["CUDNN_PATCHLEVEL"]}' "$1/cudnn_version.h"
}

# Every cuDNN 9 of this machine, the one to use first: VERSION FOLDER-OF-THE-LIBRARY FOLDER-OF-THE-HEADER.
# $CUDNN_ROOT's, else the newest. Where there is no header both are told by the library's full name, or unknown ("-").
find_cudnns() {
    local cuda=$1 folder header version
    {
        [ -z "${CUDNN_ROOT:-}" ] || printf '%s\n' "$CUDNN_ROOT/lib" "$CUDNN_ROOT/lib64"
        printf '%s\n' ${cuda:+"$cuda/lib64" "$cuda/targets/x86_64-linux/lib"}
        python_libraries
        { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null; } | awk '$1 == "libcudnn.so.9" {sub("/[^/]*$", "", $NF); print $NF}'
        printf '%s\n' /usr/lib/x86_64-linux-gnu /usr/local/lib /usr/local/cuda/lib64
    } | while read -r folder; do
        [ ! -e "$folder/libcudnn.so.9" ] || readlink -f "$folder"
    done | awk '!seen[$0]++' | while read -r folder; do
        version="" header=-
        for header in "$folder/../include" "$folder/../../../include" "$folder/../../include" \
            "$folder/../../include/x86_64-linux-gnu" -; do
            version=$(cudnn_version "$header")
            [ -z "$version" ] || break
        done
        [ "$header" = - ] || header=$(readlink -f "$header")
        [ -n "$version" ] || version=$(readlink -f "$folder/libcudnn.so.9" | sed -n 's/.*\.so\.//p')
        echo "$version $folder $header"
    done | sort -rV | if [ -n "${CUDNN_ROOT:-}" ]; then
        awk -v root="$(readlink -f "$CUDNN_ROOT")/" 'index($2, root) == 1 {print; next} {rest = rest $0 "\n"}
            END {printf "%s", rest}'
    else
        cat
    fi
}

# Folders that the run-time parts of cuDNN and our benchmark look into for NVRTC and cuBLASLt, and for the driver.
find_runtime_libraries() {
    local cuda=$1 folder file
    {
        printf '%s\n' ${cuda:+"$cuda/lib64" "$cuda/targets/x86_64-linux/lib"}
        python_libraries
    } | while read -r folder; do
        for file in "$folder"/libnvrtc.so.* "$folder"/libcublasLt.so.*; do
            [ ! -e "$file" ] || { readlink -f "$folder"; break; }
        done
    done | awk '!seen[$0]++'
    { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null; } | grep -q 'libcuda\.so\.1 ' ||
        for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
            [ ! -e "$folder/libcuda.so.1" ] || echo "$folder"
        done
}

find_sanitizer() {
    local cuda=$1 place
    command -v compute-sanitizer && return
    for place in ${cuda:+"$cuda/bin" "$cuda/compute-sanitizer"} /usr/local/cuda/bin /opt/nvidia/compute-sanitizer; do
        [ ! -x "$place/compute-sanitizer" ] || { echo "$place/compute-sanitizer"; return; }
    done
}

# 13.0: the newest CUDA that the driver takes.
driver_cuda() { timeout 20 nvidia-smi 2>/dev/null | sed -nE 's/.*CUDA[A-Z ]* Version: *([0-9]+\.[0-9]+).*/\1/p' | head -n 1; }

find_capability() {
    timeout 20 nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 |
        grep -xE '[0-9]+\.[0-9]' || true
}

find_pack() {
    local place
    for place in build/gpu-pack.tar.gz gpu-pack.tar.gz tests/gpu/gpu-pack.tar.gz; do
        [ ! -f $place ] || { echo $place; return; }
    done
}

# Of the sources that programs are built from, so that prebuilt ones are known for what they are.
hash_sources() {
    find CMakeLists.txt CMakePresets.json src kernels tests/CMakeLists.txt tests/gpu tests/support tests/models tests/backend \
        tests/kernels -type f \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.cuh' -o -name 'CMake*' -o -name '*.cmake' \) -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}
