namespace Managed.Guards;

/// <summary>
/// A guard as data: what it reads in the forward pass, what it tests, what it edits. It belongs to no model until it is compiled
/// for one. Made by <see cref="Guard.Define"/> or read from a file by <see cref="Guard.Load"/>.
/// </summary>
public sealed record GuardProgram
{
    /// <summary>Steps that a program may have.</summary>
    internal const int MostSteps = 4096;

    /// <summary>What receipts call it.</summary>
    public string Name { get; init; } = "guard";

    /// <summary>What it is for, in a sentence; may be empty.</summary>
    public string What { get; init; } = "";

    /// <summary>In declared order.</summary>
    internal IReadOnlyList<GuardStep> Steps { get; init; } = [];

    /// <summary>The tensors that steps name.</summary>
    internal IReadOnlyDictionary<string, GuardTensor> Tensors { get; init; } = new Dictionary<string, GuardTensor>();

    /// <summary>The safetensors file that the tensors were read from, as the guard's file names it; null: they came from code.</summary>
    internal string? TensorFile { get; init; }

    /// <summary>Folder of a low-rank adapter for the guarded row; null: none.</summary>
    internal string? Adapter { get; init; }

    /// <summary>The matrix in place of the model's head; null: the model's own.</summary>
    internal GuardHead? Head { get; init; }

    /// <summary>Number of steps.</summary>
    public int StepCount => Steps.Count;

    /// <summary>Makes the guard ready for a model: names resolved, shapes checked, vectors uploaded.</summary>
    /// <exception cref="GuardException">It does not fit the model; the message names the step.</exception>
    public CompiledGuard Compile(LanguageModel model) => GuardCompiler.Compile(this, model);
}

/// <summary>A head in place of the model's own.</summary>
/// <param name="Weight">Tensor [vocabulary, width]; null: the model's own head with a low-rank change.</param>
/// <param name="Down">Tensor [rank, width].</param>
/// <param name="Up">Tensor [vocabulary, rank].</param>
internal sealed record GuardHead(string? Weight, string? Down, string? Up);
