using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>What the emitter writes is accepted by the vendor's assembler for every operation and type.</summary>
public class PtxAssemblyTests
{
    private static IEnumerable<string> Architectures() => ["sm_80", "sm_90"];

    /// <summary>The assembler takes tens of milliseconds each time, so all kernels go into one module, each an entry of its own.</summary>
    internal static string OneModule(IEnumerable<(string Name, string Text)> kernels)
    {
        string header = "", entries = "";
        int number = 0;
        foreach ((string name, string text) in kernels)
        {
            int entry = text.IndexOf(".visible", StringComparison.Ordinal);
            int dynamicShared = text.IndexOf(".extern", StringComparison.Ordinal);
            string version = text[..(dynamicShared < 0 ? entry : dynamicShared)];
            header = string.CompareOrdinal(version, header) > 0 ? version : header;
            string own = Ptxas.EntryOf(text);
            entries += $"\n// {name}\n" + text[entry..].Replace(own, $"{own}_{number++}");
        }
        return header + ".extern .shared .align 128 .b8 dynamic_shared[];\n" + entries;
    }

    private static string OneModule(IEnumerable<OperationKernels.Operation> operations, PtxTarget target) =>
        OneModule([.. operations.Select(operation => (operation.Name, PtxEmitter.Emit(operation.Build(), target)))]);

    [TestCaseSource(nameof(Architectures))]
    public void Every_operation_on_every_type_assembles(string architecture)
    {
        Ptxas.Report report = Ptxas.Assemble(OneModule(OperationKernels.Everything(), PtxTarget.Parse(architecture)), architecture);
        Assert.That((report.SpillBytes, report.StackBytes), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Text_for_the_oldest_target_assembles_too() =>
        Ptxas.Assemble(OneModule(OperationKernels.Everything(), PtxTarget.Sm70), "sm_80");

    private static IEnumerable<(string Name, KernelFunction Kernel)> Structures()
    {
        yield return ("fibonacci", StructureKernels.Fibonacci());
        yield return ("swap", StructureKernels.SwapOnCriticalEdge());
        yield return ("choice of 3", StructureKernels.Choice(3));
        yield return ("choice of 11", StructureKernels.Choice(11));
        yield return ("static shared", StructureKernels.GroupSum(128, false));
        yield return ("dynamic shared", StructureKernels.GroupSum(128, true));
        foreach (ShuffleKind kind in Enum.GetValues<ShuffleKind>())
        {
            yield return ($"shuffle {kind}", StructureKernels.ShuffleKernel(kind, 1, 8));
        }
        foreach (ScalarType type in OperationKernels.All)
        {
            foreach (int lanes in new[] { 1, 2, 4 })
            {
                yield return ($"{type}x{lanes}", StructureKernels.VectorCopy(type, lanes, MemoryAccess.None, MemoryAccess.None));
                yield return ($"{type}x{lanes} streaming", StructureKernels.VectorCopy(type, lanes, MemoryAccess.ReadOnly | MemoryAccess.Streaming, MemoryAccess.Streaming));
                yield return ($"{type}x{lanes} volatile", StructureKernels.VectorCopy(type, lanes, MemoryAccess.Volatile, MemoryAccess.Volatile));
            }
        }
        foreach (AtomicOp op in Enum.GetValues<AtomicOp>())
        {
            foreach (ScalarType type in OperationKernels.Numbers.Where(type => type.IsInteger || op is not (AtomicOp.And or AtomicOp.Or or AtomicOp.Xor)))
            {
                foreach (AddressSpace space in Enum.GetValues<AddressSpace>())
                {
                    yield return ($"{op} {type} {space}", StructureKernels.AtomicKernel(op, type, type == ScalarType.Int32, space, wantsOld: true));
                    yield return ($"{op} {type} {space} unused", StructureKernels.AtomicKernel(op, type, type == ScalarType.Int32, space, wantsOld: false));
                }
            }
        }
    }

    [TestCaseSource(nameof(Architectures))]
    public void Every_structure_assembles(string architecture)
    {
        PtxTarget target = PtxTarget.Parse(architecture);
        Ptxas.Assemble(OneModule([.. Structures().Select(structure => (structure.Name, PtxEmitter.Emit(structure.Kernel, target)))]), architecture);
    }
}
