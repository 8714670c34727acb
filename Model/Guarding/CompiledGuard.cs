using Managed.Cache;
using Managed.Kernels.Edits;

namespace Managed;

/// <summary>
/// A guard made ready for one model: names resolved, shapes checked, vectors in the device's memory. Any number of rows may carry
/// it, in one batch with rows that carry others or none. Guards compile to it; the forward pass reads it.
/// </summary>
public sealed class CompiledGuard : IDisposable
{
    private readonly List<IDisposable> owned = [];

    internal CompiledGuard(string name, string fingerprint, LanguageModel model)
    {
        Name = name;
        Fingerprint = fingerprint;
        Model = model;
    }

    /// <summary>The guard's name.</summary>
    public string Name { get; }

    /// <summary>Of everything that the guard does: equal where two guards do the same.</summary>
    public string Fingerprint { get; }

    internal LanguageModel Model { get; }

    /// <summary>What is read and edited in the forward pass; null: nothing.</summary>
    internal EditProgram? Edits { get; init; }

    /// <summary>For each of the program's instructions, what its receipt says of it.</summary>
    internal IReadOnlyList<GuardLine> Lines { get; init; } = [];

    /// <summary>Names of the program's registers, in the order of their columns.</summary>
    internal IReadOnlyList<string> Registers { get; init; } = [];

    /// <summary>A low-rank adapter for the guarded row; null: none.</summary>
    internal Adapter? Adapter { get; init; }

    /// <summary>The matrix that makes its logits; null: the model's own.</summary>
    internal HeadSwap? Head { get; init; }

    /// <summary>Frees the guard's memory; no row may carry it any more.</summary>
    public void Dispose()
    {
        Edits?.Dispose();
        owned.ForEach(item => item.Dispose());
        owned.Clear();
    }

    /// <summary>Something that goes with the guard.</summary>
    internal void Own(IDisposable item) => owned.Add(item);

    /// <summary>The state of a new row with this guard; null: it reads and edits nothing.</summary>
    internal EditState? CreateState(int promptLength) =>
        Edits is { Instructions.Length: > 0 } program ? new EditState(Model.Device, program, promptLength) : null;

    /// <summary>What the cache is marked with.</summary>
    internal GuardOrigin OriginOf(int promptLength) => Edits is not { Instructions.Length: > 0 } program
        ? GuardOrigin.None
        : new GuardOrigin(Fingerprint, program.DependsOnPrompt ? promptLength : -1, program.FirstPosition(promptLength));
}

/// <summary>What is known of an instruction besides its numbers.</summary>
/// <param name="Step">The step of the guard that it comes from, counted from 0.</param>
/// <param name="At">Full name of the hook point.</param>
/// <param name="Does">In words.</param>
/// <param name="AllowIdle">Whether it may stay without a position to act on.</param>
internal sealed record GuardLine(int Step, string At, string Does, bool AllowIdle);
