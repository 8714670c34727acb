using Managed.Cache;
using Managed.Kernels.Edits;
using Managed.Kernels.Guidance;

namespace Managed;

/// <summary>
/// A guard made ready for one model: names resolved, shapes checked, vectors in the device's memory. Any number of rows may carry
/// it, in one batch with rows that carry others or none. Guards compile to it; the forward pass and the generation read it.
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
    internal GuardPass? Pass { get; init; }

    /// <summary>What is read in a pass over the prompt before the answer's own, whose registers it gives; null: there is no such pass.</summary>
    internal GuardPass? Decide { get; init; }

    /// <summary>Tokens behind the prompt in that pass alone.</summary>
    internal int[] DecideSuffix { get; init; } = [];

    /// <summary>A low-rank adapter for the guarded row; null: none.</summary>
    internal Adapter? Adapter { get; init; }

    /// <summary>The matrix that makes its logits from the first token on; null: the model's own.</summary>
    internal HeadSwap? Head { get; init; }

    /// <summary>Further rows of the same weights that take the row's tokens too; stages name them from 1 on.</summary>
    internal IReadOnlyList<GuardLane> Lanes { get; init; } = [];

    /// <summary>What becomes of the lanes' logits before a token is chosen, in order.</summary>
    internal LogitStage[] Stages { get; init; } = [];

    /// <summary>Tokens that stages name.</summary>
    internal int[] StageIds { get; init; } = [];

    /// <summary>How the lanes are evaluated where they are not looked at for every token; null: they are.</summary>
    internal LateLanes? Late { get; init; }

    /// <summary>What is decided at the end of the prompt; the first rule that holds is followed.</summary>
    internal IReadOnlyList<FlowRule> Flow { get; init; } = [];

    /// <summary>Whether it reads and edits the stream, with an adapter or a head of its own, and does nothing else: its row can be drafted and branch.</summary>
    internal bool EditsAlone => Lanes.Count == 0 && Stages.Length == 0 && Flow.Count == 0 && Decide is null;

    /// <summary>The program of the answer's pass; null: nothing is read or edited.</summary>
    internal EditProgram? Edits => Pass?.Program;

    /// <summary>Frees the guard's memory; no row may carry it any more.</summary>
    public void Dispose()
    {
        owned.ForEach(item => item.Dispose());
        owned.Clear();
    }

    /// <summary>Something that goes with the guard.</summary>
    internal void Own(IDisposable item) => owned.Add(item);

    /// <summary>The state of a new row with this guard; null: it reads and edits nothing.</summary>
    internal EditState? CreateState(int promptLength) => Pass?.CreateState(Model, promptLength);

    /// <summary>What the cache is marked with.</summary>
    internal GuardOrigin OriginOf(int promptLength) => OriginOf(Pass, Fingerprint, promptLength, once: Decide is not null);

    /// <summary>What a sequence's cache is marked with.</summary>
    /// <param name="pass">What shapes it.</param>
    /// <param name="fingerprint">Of the guard.</param>
    /// <param name="promptLength">Tokens of its prompt.</param>
    /// <param name="once">The registers come from outside, so that no other text is shaped alike.</param>
    internal static GuardOrigin OriginOf(GuardPass? pass, string fingerprint, int promptLength, bool once = false) => pass is not { Program: var program }
        ? GuardOrigin.None
        : new GuardOrigin(once ? $"{fingerprint} {Guid.NewGuid()}" : fingerprint, program.DependsOnPrompt ? promptLength : -1, program.FirstPosition(promptLength));
}

/// <summary>A program with what is known of it besides its numbers.</summary>
/// <param name="Program">The table.</param>
/// <param name="Lines">For each instruction, what its receipt says of it.</param>
/// <param name="Registers">Names of the registers, in the order of their columns; those that are given from outside come first.</param>
/// <param name="Given">How many are given.</param>
internal sealed record GuardPass(EditProgram Program, IReadOnlyList<GuardLine> Lines, IReadOnlyList<string> Registers, int Given)
{
    /// <summary>The state of a new row.</summary>
    public EditState CreateState(LanguageModel model, int promptLength) => new(model.Device, Program, promptLength);
}

/// <summary>What is known of an instruction besides its numbers.</summary>
/// <param name="Step">The step of the guard that it comes from, counted from 0.</param>
/// <param name="At">Full name of the hook point.</param>
/// <param name="Does">In words.</param>
/// <param name="AllowIdle">Whether it may stay without a position to act on.</param>
internal sealed record GuardLine(int Step, string At, string Does, bool AllowIdle);

/// <summary>A row beside the guarded one: the same new tokens, mostly the same weights, other edits, another adapter or another prompt.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pass">What is read and edited in it; null: nothing.</param>
/// <param name="Adapter">Its adapter; null: none.</param>
/// <param name="Head">Its head; null: the model's own.</param>
/// <param name="System">A system message of its own; null: it has the row's prompt.</param>
internal sealed record GuardLane(string Name, GuardPass? Pass, Adapter? Adapter, HeadSwap? Head, string? System)
{
    /// <summary>New tokens for which it is needed.</summary>
    public int Until { get; init; } = int.MaxValue;

    /// <summary>Another checkpoint with the same tokens, advanced in lock step; null: the row's own weights.</summary>
    public LanguageModel? Model { get; init; }
}

/// <summary>A decision at the end of the prompt.</summary>
/// <param name="Words">What the receipt calls it.</param>
/// <param name="When">The condition in postfix order; empty: always.</param>
/// <param name="PilotTokens">Tokens that are tried before it is decided; 0: none.</param>
/// <param name="Switch">After the pilot: whether to follow through; empty: always.</param>
/// <param name="Head">The head to go on with; null: no other.</param>
/// <param name="Answer">The tokens to answer with, in place of the model; null: the model answers.</param>
internal sealed record FlowRule(string Words, ConditionOp[] When, int PilotTokens, ConditionOp[] Switch, HeadSwap? Head, int[]? Answer);
