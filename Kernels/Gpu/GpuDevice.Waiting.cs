using ILGPU;
using Managed.Kernels.Gpu.Edits;
using Managed.Kernels.Gpu.Vector;

namespace Managed.Kernels.Gpu;

// Within a step, adds of vectors wait for the norm that reads what they change, and norms for the layers that read what they write; what has
// waited is done in the other's launch, or by itself as soon as anybody else wants to see it.
internal sealed partial class GpuDevice
{
    private readonly record struct WaitingEdit(Rows Values, ArrayView<EditItem> Items, ArrayView<int> Positions, bool AreFew);

    private readonly record struct WaitingNorm(Rows Output, Rows Input, NormSettings Settings);

    private WaitingEdit? waiting;
    private WaitingNorm? waitingNorm;
    private GpuBuffer? elsewhere;
    private Rows? moved; // stand elsewhere
    private bool isInStep;

    /// <summary>Whether the host had a part in the latest step's programs.</summary>
    public bool RunsEditsOnHost => edits.NeedHost;

    private void LaunchWhatWaits()
    {
        LaunchNorm();
        LaunchTurn();
        LaunchMove();
        LaunchEdit();
    }

    private void LaunchNorm()
    {
        if (waitingNorm is not { } norm)
            return;
        waitingNorm = null;
        LaunchNorm(norm.Output, norm.Input, norm.Settings);
    }

    // Whether the layers that follow may do the norm themselves.
    private bool MayWait(Rows output, Rows input, NormSettings settings) =>
        Joins && isInStep && vectors is not null && !KeepsBits && input.Count is > 0 and <= SortingKernel.MostTokens && output.Buffer != input.Buffer
        && settings is { Segments: 1, Kind: NormKind.Rms } && Shape(settings, output, input).IsAligned != 0
        && (waiting is not { } edit || edit.Values.Buffer != input.Buffer || (edit.Values == input && edit.AreFew));

    // What waits for a layer of these rows.
    private WaitingNorm? TakeNorm(Rows wanted)
    {
        if (waitingNorm is not { } norm || norm.Output != wanted)
            return null;
        waitingNorm = null;
        return norm;
    }

    private NormedRows<TEdit> Normed<TEdit>(WaitingNorm norm, TEdit edit)
        where TEdit : struct, INormEdit
    {
        var rows = new NormedRows<TEdit>(
            View(norm.Output), View(norm.Input), View(norm.Settings.Gain), View(norm.Settings.Bias), Shape(norm.Settings, norm.Output, norm.Input), edit);
        (lastNorm, lastNormed) = (norm.Settings, norm.Output);
        return rows;
    }

    // What waits for a norm of these rows, for a launch that leaves them as they are: from then on they stand elsewhere.
    private AddsInNorm? TakeAdds(Rows rows)
    {
        if (waiting is not { } edit || edit.Values != rows)
            return null;
        waiting = null;
        if (elsewhere is null || elsewhere.Length < SortingKernel.MostTokens * rows.Width)
        {
            elsewhere?.Dispose();
            elsewhere = Reserve(SortingKernel.MostTokens * rows.Width);
        }
        return new AddsInNorm(edit.Items, edit.Positions, edits.Memory, Elsewhere(rows));
    }

    private RowsView Elsewhere(Rows rows) => InMemory(new Rows(elsewhere!, rows.Count, rows.Width));

    // Brings rows back to where they belong, before anything else that waits is done to them.
    private void LaunchMove()
    {
        if (moved is not { } rows)
            return;
        moved = null;
        Forget(rows.Buffer);
        kernels.Copy(kernels.Threads((long)rows.Count * rows.Width), InMemory(rows), Elsewhere(rows), rows.Count);
    }

    // Rows that are about to be written: where they stand until then.
    private RowsView TakeMoved(Rows rows)
    {
        if (waitingNorm?.Input.Buffer == rows.Buffer)
            LaunchNorm();
        if (moved != rows)
            return View(rows);
        moved = null;
        return Elsewhere(rows);
    }

    // Does the edit that waits, by itself.
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
