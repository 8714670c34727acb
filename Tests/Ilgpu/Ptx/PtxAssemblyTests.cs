using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>What the emitter writes is accepted by the vendor's assembler for every operation and type.</summary>
public class PtxAssemblyTests
{
    private static IEnumerable<string> Architectures() => ["sm_80", "sm_90"];

    /// <summary>The assembler takes tens of milliseconds each time, so all operations go into one module, each an entry of its own.</summary>
    private static string OneModule(IEnumerable<OperationKernels.Operation> operations, PtxTarget target)
    {
        string header = "", entries = "";
        int number = 0;
        foreach (OperationKernels.Operation operation in operations)
        {
            string text = PtxEmitter.Emit(operation.Build(), target);
            int entry = text.IndexOf(".visible", StringComparison.Ordinal);
            header = string.CompareOrdinal(text[..entry], header) > 0 ? text[..entry] : header;
            entries += $"\n// {operation}\n" + text[entry..].Replace("operation", $"operation_{number++}");
        }
        return header + entries;
    }

    [TestCaseSource(nameof(Architectures))]
    public void Every_operation_on_every_type_assembles(string architecture)
    {
        Ptxas.Report report = Ptxas.Assemble(OneModule(OperationKernels.Everything(), PtxTarget.Parse(architecture)), architecture);
        Assert.That((report.SpillBytes, report.StackBytes), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Text_for_the_oldest_target_assembles_too() =>
        Ptxas.Assemble(OneModule(OperationKernels.Everything(), PtxTarget.Sm70), "sm_80");
}
