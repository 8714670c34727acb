namespace Managed.Guards.Published;

/// <summary>
/// What guided decoding leads away from: a row, mostly of the same weights, that leans the other way. No harmful model is needed for it.
/// </summary>
public sealed record AntiExpert
{
    private readonly Action<GuardBuilder, string> write;

    private AntiExpert(Action<GuardBuilder, string> write) => this.write = write;

    /// <summary>The weights with an adapter in PEFT's layout.</summary>
    /// <param name="folder">The adapter.</param>
    public static AntiExpert Adapter(string folder) => new((g, lane) => g.Lane(lane, folder));

    /// <summary>Another checkpoint with the same tokens, such as the base model before it was aligned. Each token takes a step of its own through it.</summary>
    /// <param name="path">The checkpoint: directory, file or hub id.</param>
    public static AntiExpert Checkpoint(string path) => new((g, lane) => g.Lane(lane, model: path));

    /// <summary>The weights under another system message. Generate through the conversation, from which the lane gets its prompt.</summary>
    /// <param name="text">The message; empty: none at all.</param>
    public static AntiExpert SystemMessage(string text) => new((g, lane) => g.Lane(lane, system: text));

    /// <summary>The weights without a direction, as <see cref="RefusalDirection.Ablate"/> takes it out.</summary>
    /// <param name="direction">The direction.</param>
    public static AntiExpert Ablated(float[] direction) => new((g, lane) => g.Lane(lane, write: edits => RefusalDirection.WriteAblation(edits, direction)));

    /// <summary>The weights under edits of one's own; none at all: the model without the guard's edits.</summary>
    /// <param name="edits">Adds the lane's steps.</param>
    public static AntiExpert Edited(Action<GuardBuilder> edits) => new((g, lane) => g.Lane(lane, write: edits));

    internal void Write(GuardBuilder g, string lane) => write(g, lane);
}
