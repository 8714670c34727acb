namespace Managed.Guards;

public sealed partial class GuardBuilder
{
    private readonly List<GuardLaneSource> lanes = [];
    private readonly List<GuardLogits> logits = [];
    private readonly List<GuardFlow> flow = [];
    private GuardStep[] decide = [];
    private string decideSuffix = "";
    private string? adapter;
    private GuardHead? head;
    private LateLanes? late;

    /// <summary>Reads in a pass over the prompt before the answer's own: their registers may open edits that lie before them in the pass.</summary>
    /// <param name="write">Adds reads; edits are refused.</param>
    /// <param name="suffix">A text behind the prompt in that pass alone.</param>
    public GuardBuilder Decide(Action<GuardBuilder> write, string suffix = "")
    {
        var inner = new GuardBuilder(tensors);
        write(inner);
        (decide, decideSuffix) = (inner.Finished(), suffix);
        return this;
    }

    /// <summary>A register that the deciding pass has written.</summary>
    public GuardValue Decided(string register) => Register(register);

    /// <summary>The guarded row runs with an adapter in PEFT's layout.</summary>
    public GuardBuilder Adapter(string folder)
    {
        adapter = folder;
        return this;
    }

    /// <summary>Another matrix makes the logits from the first token on.</summary>
    /// <param name="weight">[vocabulary, width], row by row.</param>
    /// <param name="vocabulary">Its rows.</param>
    public GuardBuilder Head(float[] weight, int vocabulary)
    {
        head = Swap(weight, vocabulary);
        return this;
    }

    /// <summary>A row beside the guarded one, of the same new tokens and, where no checkpoint is named, of the same weights.</summary>
    /// <param name="name">By which stages call it.</param>
    /// <param name="adapter">An adapter of its own; null: none.</param>
    /// <param name="system">A system message of its own; null: it has the row's prompt.</param>
    /// <param name="write">Edits of its own; null: none.</param>
    /// <param name="model">Another checkpoint with the same tokens, which takes each token in a step of its own; null: the model's own weights.</param>
    public GuardBuilder Lane(string name, string? adapter = null, string? system = null, Action<GuardBuilder>? write = null, string? model = null)
    {
        var inner = new GuardBuilder(tensors);
        write?.Invoke(inner);
        lanes.Add(new GuardLaneSource(name) { Adapter = adapter, System = system, Model = model, Steps = inner.Finished() });
        return this;
    }

    /// <summary>The lanes are looked at only every few tokens; until then tokens come from the row alone, and stand where the lanes agree.</summary>
    /// <param name="tokens">Tokens after which the lanes are looked at; 1: each one.</param>
    /// <param name="acceptance">When a token stands.</param>
    public GuardBuilder LookLate(int tokens, SpeculativeAcceptance acceptance = SpeculativeAcceptance.SameToken)
    {
        late = new LateLanes(tokens, acceptance);
        return this;
    }

    /// <summary>The union filter: s −= λ/(1 − λ)·max(0, log p_lane − log p_s).</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="lambda">λ, from 0 to less than 1.</param>
    /// <param name="rounded">The lane's log-probabilities are rounded to bfloat16 first, as those of a model of that type are.</param>
    public GuardBuilder Union(string lane, float lambda = 0.99f, bool rounded = false) =>
        Stage(new GuardLogits("union") { Lane = lane, Strength = lambda, Rounded = rounded });

    /// <summary>SafeDecoding: for the first tokens, p + α·(p_lane − p) within the smallest window that both share.</summary>
    public GuardBuilder Window(string lane, float alpha = 3, int common = 3, int tokens = 5) =>
        Stage(new GuardLogits("window") { Lane = lane, Strength = alpha, Common = common, Tokens = tokens });

    /// <summary>s = keep·s + weight·lane.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="weight">Its weight; below 0 leads away from it.</param>
    /// <param name="keep">The weight of the scores so far; null: 1 − weight.</param>
    /// <param name="cut">Tokens less likely than this share of the likeliest are left out.</param>
    public GuardBuilder Mix(string lane, float weight, float? keep = null, float cut = 0) =>
        Stage(new GuardLogits("mix") { Lane = lane, Strength = weight, Keep = keep ?? 1 - weight, Cut = cut });

    /// <summary>Takes something off some tokens' scores.</summary>
    public GuardBuilder Penalty(float strength, params int[] ids) => Stage(new GuardLogits("penalty") { Strength = strength, Ids = ids });

    /// <summary>Tokens that never come.</summary>
    public GuardBuilder Mask(params int[] ids) => Stage(new GuardLogits("mask") { Ids = ids });

    /// <summary>Answers with a text in the model's stead.</summary>
    /// <param name="text">The text.</param>
    /// <param name="when">A condition over registers, looked at when the prompt has been read; null: always.</param>
    /// <param name="pilot">Greedy tokens that are tried first.</param>
    /// <param name="then">After them: whether to answer so; null: always.</param>
    public GuardBuilder Refuse(string text, GuardCondition? when = null, int pilot = 0, GuardCondition? then = null) =>
        Follow(new GuardFlow { Refuse = text, When = when?.Expression, Pilot = pilot, Switch = then?.Expression });

    /// <summary>Begins the answer with another head. The prompt is not computed again.</summary>
    /// <inheritdoc cref="Refuse"/>
    /// <param name="weight">[vocabulary, width], row by row.</param>
    /// <param name="vocabulary">Its rows.</param>
    /// <param name="when">A condition over registers, looked at when the prompt has been read; null: always.</param>
    /// <param name="pilot">Greedy tokens that are tried first.</param>
    /// <param name="then">After them: whether to change the head; null: always.</param>
    public GuardBuilder SwitchHead(float[] weight, int vocabulary, GuardCondition? when = null, int pilot = 0, GuardCondition? then = null) =>
        Follow(new GuardFlow { Head = Swap(weight, vocabulary), When = when?.Expression, Pilot = pilot, Switch = then?.Expression });

    private GuardHead Swap(float[] weight, int vocabulary) => new(Roles(("head", GuardTensor.Of(weight, vocabulary)))["head"], null, null);

    private GuardBuilder Stage(GuardLogits stage)
    {
        logits.Add(stage);
        return this;
    }

    private GuardBuilder Follow(GuardFlow rule)
    {
        flow.Add(rule);
        return this;
    }
}
