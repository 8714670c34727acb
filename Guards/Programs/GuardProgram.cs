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

    /// <summary>Folder of a low-rank adapter for the guarded row; null: none.</summary>
    internal string? Adapter { get; init; }

    /// <summary>The matrix in place of the model's head from the first token on; null: the model's own.</summary>
    internal GuardHead? Head { get; init; }

    /// <summary>Reads in a pass over the prompt before the answer's own; their registers are known to every step.</summary>
    internal IReadOnlyList<GuardStep> Decide { get; init; } = [];

    /// <summary>A text behind the prompt in that pass alone.</summary>
    internal string DecideSuffix { get; init; } = "";

    /// <summary>Rows of the same weights beside the guarded one.</summary>
    internal IReadOnlyList<GuardLaneSource> Lanes { get; init; } = [];

    /// <summary>What becomes of the lanes' logits, in order.</summary>
    internal IReadOnlyList<GuardLogits> Logits { get; init; } = [];

    /// <summary>How the lanes are evaluated where they are not looked at for every token; null: they are.</summary>
    internal LateLanes? Late { get; init; }

    /// <summary>What is decided at the end of the prompt; the first that holds is followed.</summary>
    internal IReadOnlyList<GuardFlow> Flow { get; init; } = [];

    /// <summary>Number of steps.</summary>
    public int StepCount => Steps.Count;

    /// <summary>Makes the guard ready for a model: names resolved, shapes checked, vectors uploaded.</summary>
    /// <exception cref="GuardException">It does not fit the model; the message names the step.</exception>
    public CompiledGuard Compile(LanguageModel model) => GuardAssembly.Compile(this, model);
}

/// <summary>A head in place of the model's own.</summary>
/// <param name="Weight">Tensor [vocabulary, width]; null: the model's own head with a low-rank change.</param>
/// <param name="Down">Tensor [rank, width].</param>
/// <param name="Up">Tensor [vocabulary, rank].</param>
internal sealed record GuardHead(string? Weight, string? Down, string? Up);

/// <summary>A row beside the guarded one.</summary>
/// <param name="Name">Its name.</param>
internal sealed record GuardLaneSource(string Name)
{
    public IReadOnlyList<GuardStep> Steps { get; init; } = [];

    public string? Adapter { get; init; }

    public GuardHead? Head { get; init; }

    /// <summary>A system message of its own; null: it has the row's prompt.</summary>
    public string? System { get; init; }

    /// <summary>Another checkpoint with the same tokens; null: the model's own weights.</summary>
    public string? Model { get; init; }
}

/// <summary>A stage between logits and sampler.</summary>
/// <param name="Do">"union", "window", "mix", "penalty", "mask", "allow".</param>
internal sealed record GuardLogits(string Do)
{
    public string? Lane { get; init; }

    public float Strength { get; init; }

    public float Keep { get; init; } = 1;

    public float Cut { get; init; }

    public int Common { get; init; }

    /// <summary>New tokens for which it acts; null: all.</summary>
    public int? Tokens { get; init; }

    public int[] Ids { get; init; } = [];

    /// <summary>Union: the lane's log-probabilities are rounded to bfloat16.</summary>
    public bool Rounded { get; init; }
}

/// <summary>A decision at the end of the prompt.</summary>
internal sealed record GuardFlow
{
    public GuardExpression? When { get; init; }

    /// <summary>Greedy tokens that are tried before it is decided.</summary>
    public int Pilot { get; init; }

    /// <summary>After the pilot: whether to follow through.</summary>
    public GuardExpression? Switch { get; init; }

    public GuardHead? Head { get; init; }

    /// <summary>A text to answer with in the model's stead.</summary>
    public string? Refuse { get; init; }
}
