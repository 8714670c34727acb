using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>A kernel that a user's struct was compiled into, with the struct's value.</summary>
/// <param name="Number">Tells it from all others of the device.</param>
/// <param name="Launch">Runs items.</param>
internal sealed record CustomKernel(int Number, Action<KernelConfig, RowsView, ArrayView<EditItem>, ArrayView<int>, EditMemory> Launch);

/// <summary>The users' structs of a device: each is compiled when it is first met.</summary>
internal sealed class CustomKernels(Accelerator accelerator) : IRowEditVisitor<CustomKernel>
{
    private readonly ConditionalWeakTable<CustomEdit, StrongBox<CustomKernel?>> known = [];
    private int count;

    /// <summary>The kernel; null: the code is no struct, or uses what kernels have not, and the host runs it.</summary>
    public CustomKernel? Find(CustomEdit code) => known.GetValue(code, unknown => new StrongBox<CustomKernel?>(unknown.Open(this))).Value;

    public CustomKernel? Visit<TEdit>(TEdit edit) where TEdit : struct, IRowEdit
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TEdit>())
            return null;
        Action<KernelConfig, RowsView, ArrayView<EditItem>, ArrayView<int>, EditMemory, CustomCode<TEdit>> launch;
        try
        {
            launch = accelerator.LoadStreamKernel<RowsView, ArrayView<EditItem>, ArrayView<int>, EditMemory, CustomCode<TEdit>>(
                accelerator.AcceleratorType == AcceleratorType.Cuda ? EditKernels<WarpReduction>.RunWith : EditKernels<GroupReduction>.RunWith);
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            return null;
        }
        var code = new CustomCode<TEdit>(edit);
        return new CustomKernel(++count, (config, values, items, positions, memory) => launch(config, values, items, positions, memory, code));
    }

    // What the compiler says of code that it does not take; with the published packages under other names.
    private static bool IsRefusal(Exception failure) =>
        failure is NotSupportedException || failure.GetType().Name is "KernelCompilationException" or "CapabilityNotSupportedException" or "InternalCompilerException";
}
