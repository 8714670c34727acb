using System.Text.RegularExpressions;
using ILGPU;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;

namespace Managed.Tests.Docs;

/// <summary>The page on GPUs shows what the compiler really makes of its example.</summary>
public class GpuPageTests
{
    private static class Scaled
    {
        public static void Add(Index1D i, ArrayView<float> output, ArrayView<float> a, ArrayView<float> b, float scale)
        {
            output[i] = a[i] + (scale * b[i]);
        }
    }

    private static readonly string s_page = File.ReadAllText(Path.Combine(SharedFolder.Repository, "docs", "gpu.md"));

    private static readonly KernelFunction s_kernel = KernelCompiler.Build(
        new KernelRequest(typeof(Scaled).GetMethod("Add")!, true, [], new CompileTarget(CompileBackend.Ptx, 32, ComputeCapability: 80)));

    [Test]
    public void The_form_between_is_the_compilers() =>
        Assert.That(s_page, Does.Contain("kernel Scaled_Add(" + s_kernel.ToString()[(s_kernel.ToString().IndexOf('(') + 1)..].TrimEnd()));

    [Test]
    public void The_body_is_the_emitters()
    {
        string text = Regex.Replace(PtxEmitter.Emit(s_kernel, PtxTarget.Sm80), @"\n    // [^\n]*", "");
        string body = text[text.IndexOf("    mov.u32", StringComparison.Ordinal)..text.LastIndexOf('}')].TrimEnd();
        Assert.That(s_page, Does.Contain(body));
    }
}
