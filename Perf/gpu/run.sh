#!/usr/bin/env bash
# Runs everything on this machine's GPU and writes a report. In the unpacked bundle: ./run.sh [REPORT.txt]
#   DEVICE=cuda:1 ./run.sh          another device
#   STEPS="tests bench" ./run.sh    of: tests exact bench torch
set -u
cd "$(dirname "$0")"
report=${1:-report.txt}
device=${DEVICE:-cuda}
program=(bin/Managed.GpuPerf)
if [ ! -f bin/libcoreclr.so ]; then
    program=("${DOTNET:-dotnet}" bin/Managed.GpuPerf.dll) # the bundle without .NET's runtime
    [ ! -d "${DOTNET:-}" ] || program[0]="$DOTNET/dotnet"
fi
status=0
step() {
    echo
    echo "== $*"
    local code=0
    "$@" || code=$?
    [ $code = 0 ] || { status=1; echo "(exit code $code)"; }
}
everything() {
    date -u
    uname -srm
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem --format=csv,noheader 2>/dev/null || echo "no nvidia-smi"
    for wanted in ${STEPS:-tests exact bench torch}; do
        case $wanted in
            tests)
                step "${program[@]}" tests --category Gpu
                step "${program[@]}" tests --name '"CUDA"' GpuModelTests GpuGuardModelTests ;;
            exact)
                step "${program[@]}" exact --device "$device" --model models/hearth --text Tests/Fixtures/eval/perplexity.json --tokens 3984
                step "${program[@]}" exact --device "$device" --model models/warden --shapes 1.1b --tokens 64 ;;
            bench)
                step "${program[@]}" bench --device "$device"
                step "${program[@]}" bench --device "$device" --shapes 7b-a1b --only decode,batch,prefill,steering ;;
            torch)
                if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
                    step python3 Perf/gpu/torch_baseline.py --shape 1.1b
                    step python3 Perf/gpu/torch_baseline.py --shape 8b
                else
                    echo "torch: no python3 with PyTorch and CUDA here"
                fi ;;
            *) echo "STEPS: found '$wanted'; expected tests, exact, bench, torch"; status=2 ;;
        esac
    done
    return $status
}
everything 2>&1 | tee "$report"
exit "${PIPESTATUS[0]}"
