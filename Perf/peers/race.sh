#!/bin/bash
# Prepares what a race needs in a folder outside the repository (llama.cpp's libraries from npm, the model's file in every type,
# files with random weights), then runs both engines in turn:
#   Perf/peers/race.sh [--file NAME,...] [--case NAME,...] [--threads 2] [--pairs 7] [--tokens 128] [--clock wall|processor] [--json FILE]
# MANAGED_RACE: the folder (about 8 GB with the large files, 1.2 GB without, 11 GB more for 7b-a1b); MANAGED_MODEL: the GGUF file to begin with.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
race=${MANAGED_RACE:-${TMPDIR:-/tmp}/managed-race}
model=${MANAGED_MODEL:-$here/../shared/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf}
stories=$here/../shared/models/stories260K/stories260K-Q8_0.gguf
package=@node-llama-cpp/linux-x64@3.22.1
program=$here/Perf/peers/bin/Release/net10.0/Managed.Peers
mkdir -p "$race"

# Builds where nothing is built, or where asked for: --build as the first argument.
if [[ ${1:-} == --build ]]; then shift; rm -f "$program.dll"; fi
[[ -f $program.dll ]] || dotnet build "$here/Perf/peers" -c Release -v q
tool=(dotnet "$here/Perf/peers/bin/Release/net10.0/Managed.Cli.dll")

if [[ -z ${MANAGED_LLAMA_CPP:-} ]]; then
    [[ -d $race/node_modules ]] || npm install --prefix "$race" --no-save --no-audit --no-fund "$package"
    export MANAGED_LLAMA_CPP=$race/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64
fi

ln -sf "$(realpath "$model")" "$race/smollm2-q4_1.gguf"
[[ -f $stories ]] && ln -sf "$(realpath "$stories")" "$race/stories-q8_0.gguf"
for type in F16 BF16 Q8_0 Q4_0 Q4_K; do
    file=$race/smollm2-${type,,}.gguf
    [[ -f $file ]] && continue
    [[ -d $race/smollm2-folder ]] || "${tool[@]}" convert "$model" "$race/smollm2-folder" --type F32
    "${tool[@]}" convert "$race/smollm2-folder" "$file" --type "$type"
done
for type in F16 BF16 Q8_0 Q4_0 Q4_K; do
    file=$race/1.1b-${type,,}.gguf
    [[ -f $file || " $* " != *1.1b* && " $* " != *prepare* ]] || "$program" synthetic "$file" --shape 1.1b --type "$type"
done
for type in Q8_0 Q4_0; do # a mixture of experts: 7 and 4 GB, only where asked for
    file=$race/7b-a1b-${type,,}.gguf
    [[ -f $file || " $* " != *7b-a1b* ]] || "$program" synthetic "$file" --shape 7b-a1b --type "$type"
done
[[ ${1:-} == prepare ]] || exec "$program" race "$race" "$@"
