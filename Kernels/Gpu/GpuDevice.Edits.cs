using ILGPU;
using Managed.Kernels.Gpu.Edits;

namespace Managed.Kernels.Gpu;

// Within a step, adds of vectors wait for the norm that reads what they change, and are done in its launch.
internal sealed partial class GpuDevice
{
    private readonly record struct WaitingEdit(Rows Values, ArrayView<EditItem> Items, ArrayView<int> Positions);

    private WaitingEdit? waiting;
    private bool isInStep;

    /// <summary>Whether the host had a part in the latest step's programs.</summary>
    public bool RunsEditsOnHost => edits.NeedHost;

    // Does what waits, by itself.
    private void LaunchEdit()
    {
        if (waiting is not { } edit)
            return;
        waiting = null;
        kernels.Edit(kernels.EditGroups((int)edit.Items.Length), View(edit.Values), edit.Items, edit.Positions, edits.Memory);
    }

    // What waits for a norm of these rows.
    private AddsPrologue? TakeEdit(Rows rows)
    {
        if (waiting is not { } edit || edit.Values != rows)
            return null;
        waiting = null;
        return new AddsPrologue(edit.Items, edit.Positions, edits.Memory, IsAligned(rows));
    }
}
