#!/usr/bin/env bash
# Makes the bundle: one archive that runs tests and benchmarks on a machine with an NVIDIA GPU and no .NET and no network.
#   publish.sh OUT.tar.xz            with .NET's runtime
#   publish.sh --small OUT.tar.xz    without it, for a machine that has it
set -euo pipefail
cd "$(dirname "$0")/../.."
runtime=(-r linux-x64 --self-contained true) # whatever this machine is
if [ "${1:-}" = --small ]; then
    runtime=()
    shift
fi
out=$(realpath -m "${1:?usage: publish.sh [--small] OUT.tar.xz}")
# What the tests and benchmarks look for, below the folder that holds Managed.sln.
files=(
    Managed.sln
    Perf/gpu/README.md
    Perf/gpu/torch_baseline.py
    examples/guards/thornvale
    models/hearth
    models/hearth-dark
    models/hearth-shield
    models/warden
    Tests/Fixtures/arch
    Tests/Fixtures/blocks
    Tests/Fixtures/eval/perplexity.json
    Tests/Fixtures/guards
    Tests/Fixtures/ptx
)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/bundle"
dotnet publish Perf/gpu/GpuPerf.csproj -c Release "${runtime[@]}" -p:RunAnalyzers=false --nologo -v quiet -o "$stage/bundle/bin"
# What the tool carries for itself, what .NET's own test runner needs, what debuggers do, and what nothing here refers to.
(cd "$stage/bundle/bin" && rm -rf models examples ./*.xml Microsoft.CodeAnalysis*.dll Microsoft.Testing*.dll Microsoft.TestPlatform*.dll Microsoft.ApplicationInsights.dll \
    Microsoft.VisualStudio.CodeCoverage*.dll Microsoft.VisualStudio.TestPlatform.Common.dll NUnit3.TestAdapter.* nunit.engine* testcentric* testhost* \
    libmscordaccore.so libmscordbi.so libcoreclrtraceptprovider.so libclrgc*.so createdump \
    System.Linq.AsyncEnumerable.dll Microsoft.VisualBasic*.dll System.Text.Encoding.CodePages.dll Microsoft.CSharp.dll Newtonsoft.Json.dll System.Threading.Tasks.Dataflow.dll \
    System.Formats.Tar.dll System.ComponentModel.Annotations.dll System.Net.Http.Json.dll System.Net.ServerSentEvents.dll nunit.framework.legacy.dll)
tar -c "${files[@]}" | tar -x -C "$stage/bundle"
cp Perf/gpu/run.sh "$stage/bundle/run.sh"
mkdir -p "$(dirname "$out")"
tar -c -C "$stage" bundle | xz -9e -T2 > "$out"
size=$(stat -c %s "$out")
echo "$out: $((size / 1000)) kB"
[ "$size" -lt 36000000 ] || { echo "More than 36 MB: leave something out." >&2; exit 1; }
