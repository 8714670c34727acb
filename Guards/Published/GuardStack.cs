namespace Managed.Guards.Published;

/// <summary>
/// Several guards on one request, in declared order, as one program with a receipt for each. At one hook point the first guard acts
/// first; what a later one reads there, it reads as the earlier ones left it. A pass that decides is shared, and no guard edits it.
/// </summary>
public sealed class GuardStack
{
    private readonly GuardProgram[] guards;

    /// <param name="guards">In the order in which they act.</param>
    /// <exception cref="GuardException">Two of them bring an adapter or a head of their own, or read behind different texts before they decide.</exception>
    public GuardStack(params GuardProgram[] guards)
    {
        this.guards = guards;
        Program = new GuardProgram
        {
            Name = guards.Length == 0 ? "none" : string.Join(" + ", guards.Select(guard => guard.Name)),
            What = string.Join("; then ", guards.Select(guard => guard.What).Where(what => what.Length > 0)),
            Tensors = guards.SelectMany((guard, i) => guard.Tensors.Select(tensor => (Key: Named(i, tensor.Key)!, tensor.Value))).ToDictionary(tensor => tensor.Key, tensor => tensor.Value),
            Adapter = One("an adapter", guard => guard.Adapter),
            Head = One("a head", guard => guard.Head is null ? null : Renamed(Array.IndexOf(guards, guard), guard.Head)),
            Decide = All((i, guard) => guard.Decide.Select(step => Renamed(i, step))),
            DecideSuffix = Suffix(),
            Steps = All((i, guard) => guard.Steps.Select(step => Renamed(i, step))),
            Lanes = All((i, guard) => guard.Lanes.Select(lane => lane with
            {
                Name = Named(i, lane.Name)!,
                Head = Renamed(i, lane.Head),
                Steps = [.. lane.Steps.Select(step => Renamed(i, step))],
            })),
            Logits = All((i, guard) => guard.Logits.Select(stage => stage with { Lane = Named(i, stage.Lane) })),
            Late = One("late lanes", guard => guard.Late),
            Flow = All((i, guard) => guard.Flow.Select(rule => rule with { When = Renamed(i, rule.When), Switch = Renamed(i, rule.Switch), Head = Renamed(i, rule.Head) })),
        };
    }

    /// <summary>All of them as one program.</summary>
    public GuardProgram Program { get; }

    /// <summary>Message guards, applied to the conversation before anything is computed, the first one outermost.</summary>
    public IReadOnlyList<PromptGuard> Messages { get; init; } = [];

    /// <summary>Writes the reply in a conversation under the stack.</summary>
    /// <param name="model">The model.</param>
    /// <param name="chat">The turns so far.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <exception cref="GuardException">A guard does not fit the model, or refuses the text.</exception>
    public GenerationResult Generate(LanguageModel model, IReadOnlyList<ChatMessage> chat, GenerationOptions? options = null)
    {
        foreach (PromptGuard message in Messages.Reverse())
            chat = message.Apply(chat);
        return model.Generate(chat, Program, options);
    }

    /// <summary>The stack's receipt, taken apart: one for each guard, with the guard's own step numbers and names.</summary>
    /// <param name="receipt">What <see cref="Program"/> did. Decisions go to each guard that decides anything, a refusal of the row to all.</param>
    public IReadOnlyList<GuardReceipt> Receipts(GuardReceipt receipt)
    {
        bool inAnswer = Program.Decide.Count == 0 || receipt.Decisions.Count > 0; // else the row ended in the pass that decides
        var receipts = new List<GuardReceipt>();
        for (int i = 0, first = 0; i < guards.Length; i++)
        {
            GuardProgram guard = guards[i];
            int count = inAnswer ? guard.Steps.Count : guard.Decide.Count, from = first;
            receipts.Add(new GuardReceipt
            {
                Guard = guard.Name,
                Steps = [.. receipt.Steps.Where(step => step.Step >= from && step.Step < from + count).Select(step => step with { Step = step.Step - from, Does = step.Does.Replace(Prefix(i), "", StringComparison.Ordinal) })],
                Registers = receipt.Registers.Where(register => register.Key.StartsWith(Prefix(i), StringComparison.Ordinal)).ToDictionary(register => register.Key[Prefix(i).Length..], register => register.Value),
                Decisions = guard.Decide.Count + guard.Flow.Count > 0 ? receipt.Decisions : [],
                Speculation = guard.Lanes.Count > 0 ? receipt.Speculation : null,
                Refused = receipt.Refused,
            });
            first += count;
        }
        return receipts;
    }

    // What one guard says of all lanes holds for the others' too: tokens are the same, or the whole formula's by ratio.
    private T? One<T>(string what, Func<GuardProgram, T?> part) where T : class
    {
        GuardProgram[] having = [.. guards.Where(guard => part(guard) is not null)];
        return having.Length <= 1 ? having.Select(part).FirstOrDefault()
            : throw new GuardException($"stack: found {what} of its own in {string.Join(" and ", having.Select(guard => guard.Name))}; expected it in one guard at most.");
    }

    private string Suffix()
    {
        string[] suffixes = [.. guards.Where(guard => guard.Decide.Count > 0).Select(guard => guard.DecideSuffix).Distinct()];
        return suffixes.Length <= 1 ? suffixes.FirstOrDefault() ?? ""
            : throw new GuardException($"stack: found passes that decide behind the texts {string.Join(" and ", suffixes.Select(suffix => $"\"{suffix}\""))}; expected one text, since the guards share the pass.");
    }

    private IReadOnlyList<T> All<T>(Func<int, GuardProgram, IEnumerable<T>> parts) => [.. guards.SelectMany((guard, i) => parts(i, guard))];

    // Names of one guard are kept apart from another's.
    private static string Prefix(int guard) => $"g{guard}.";

    private static string? Named(int guard, string? name) => name is null ? null : Prefix(guard) + name;

    private static GuardStep Renamed(int guard, GuardStep step) => step with
    {
        When = Renamed(guard, step.When),
        Into = Named(guard, step.Into),
        Buffer = Named(guard, step.Buffer),
        Times = Named(guard, step.Times),
        Tensors = step.Tensors.ToDictionary(tensor => tensor.Key, tensor => Named(guard, tensor.Value)!),
    };

    private static GuardHead? Renamed(int guard, GuardHead? head) =>
        head is null ? null : new GuardHead(Named(guard, head.Weight), Named(guard, head.Down), Named(guard, head.Up));

    private static GuardExpression? Renamed(int guard, GuardExpression? expression) => expression is null ? null : expression with
    {
        Left = Renamed(guard, expression.Left),
        Right = Renamed(guard, expression.Right),
        Register = Named(guard, expression.Register),
    };
}
