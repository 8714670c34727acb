using Managed.Guards;
using Managed.Guards.Published;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

public class GuardStackTests
{
    private static readonly LanguageModel Model = Thornvale.Model;
    private static readonly GuardPositions Last = GuardPositions.LastPromptToken;

    private static GuardProgram Conditional(int readAt, int editAt, string name = "conditional") => new ConditionalSteering
    {
        Name = name,
        Readings = [ConditionReading.Probe("harm", readAt, Thornvale.Probe(readAt))],
        Rules = [new SteeringRule("harm > 0.5", Thornvale.Refusal(editAt), 1) { Positions = Last }],
    }.Build();

    private static string Fingerprint(GuardProgram program)
    {
        using CompiledGuard compiled = program.Compile(Model);
        return compiled.Fingerprint;
    }

    [Test]
    public void A_stack_of_one_is_the_guard_and_a_stack_of_none_does_nothing()
    {
        foreach (GuardProgram guard in new[] { Conditional(4, 5), Conditional(3, 0), RefusalDirection.Ablate(Thornvale.Tensor("refusal.3")) })
        {
            Assert.That(Fingerprint(new GuardStack(guard).Program), Is.EqualTo(Fingerprint(guard)));
            GuardReceipt alone = Thornvale.Answer(Thornvale.Framed, guard).Receipt!;
            var stack = new GuardStack(guard);
            Assert.That(stack.Receipts(Thornvale.Answer(Thornvale.Framed, stack.Program).Receipt!).Single().ToString(), Is.EqualTo(alone.ToString()));
        }
        Thornvale.AssertIdle(new GuardStack().Program);
    }

    [Test]
    public void Guards_act_in_declared_order_at_one_hook_point()
    {
        float[] v = Thornvale.Tensor("refusal.2");
        GuardProgram add = Guard.Define(g => g.At(ResidPost(2)).Add(v, 2)), half = Guard.Define(g => g.At(ResidPost(2)).Scale(0.5f));
        GuardProgram written = Guard.Define(g => g.At(ResidPost(2)).Add(v, 2).At(ResidPost(2)).Scale(0.5f));
        Assert.That(Fingerprint(new GuardStack(add, half).Program), Is.EqualTo(Fingerprint(written)));
        Assert.That(Fingerprint(new GuardStack(half, add).Program), Is.Not.EqualTo(Fingerprint(written)));
    }

    [Test]
    public void Each_guard_has_its_own_receipt_with_its_own_names_and_numbers()
    {
        GuardProgram first = Conditional(4, 5, "first"), second = RefusalDirection.Add(Thornvale.Tensor("refusal.2"), 3, 0.01f), third = Conditional(3, 5, "third");
        var stack = new GuardStack(first, second, third);
        GuardReceipt together = Thornvale.Answer(Thornvale.Framed, stack.Program).Receipt!;
        IReadOnlyList<GuardReceipt> receipts = stack.Receipts(together);
        Assert.That(receipts.Select(receipt => receipt.Guard), Is.EqualTo(new[] { "first", "refusal_direction_add", "third" }));
        Assert.That(receipts.Select(receipt => receipt.Steps.Count), Is.EqualTo(new[] { 2, 1, 2 }));
        Assert.That(receipts.Select(receipt => receipt.Steps.Max(step => step.Step)), Is.EqualTo(new[] { 1, 0, 1 }));
        Assert.That(receipts[0].Registers.Keys, Is.EqualTo(new[] { "harm" }));
        Assert.That(receipts[0].Registers["harm"], Is.Not.EqualTo(receipts[2].Registers["harm"]), "two probes of one name");
        Assert.That(receipts[1].Registers, Is.Empty);
        Assert.That(receipts.Select(receipt => receipt.ToString()), Has.None.Contains("g0.").And.None.Contains("g1."));
    }

    [Test]
    public void Passes_that_decide_are_shared()
    {
        var stack = new GuardStack(Conditional(3, 0, "first"), Conditional(4, 2, "second"));
        GuardReceipt together = Thornvale.Answer(Thornvale.Framed, stack.Program).Receipt!;
        Assert.That(together.Decisions, Has.Count.EqualTo(1), "one pass");
        Assert.That(stack.Receipts(together).Select(receipt => receipt.Registers["harm"] > 0.5), Is.All.True);
        Assert.That(stack.Receipts(together).Select(receipt => receipt.Steps.Single().Fired), Is.All.EqualTo(1));
    }

    [Test]
    public void Lanes_of_several_guards_are_kept_apart()
    {
        GuardProgram filter = new SafeInfer { AntiExpert = AntiExpert.Adapter(Thornvale.DarkAdapter), Lambda = 0.9f }.Build(6), window = new SafeDecoding { Expert = Thornvale.ShieldAdapter }.Build();
        GuardProgram written = Guard.Define(g => g.Lane("dark", Thornvale.DarkAdapter).Lane("shield", Thornvale.ShieldAdapter).Union("dark", 0.9f).Window("shield"));
        var stack = new GuardStack(filter, window, filter with { Logits = [] });
        foreach (string text in Thornvale.Requests)
            Assert.That(Thornvale.Answer(text, stack.Program, 12).Ids, Is.EqualTo(Thornvale.Answer(text, written, 12).Ids), text);
    }

    [Test]
    public void What_cannot_be_shared_is_refused()
    {
        GuardProgram adapter = Guard.Define(g => g.Adapter(Thornvale.ShieldAdapter), "one");
        Assert.That(() => new GuardStack(adapter, adapter with { Name = "two" }), Throws.TypeOf<GuardException>().With.Message.Contains("one and two"));
        GuardProgram behind = Guard.Define(g => g.Decide(d => d.At(ResidPost(3)).On(Last).ReadNorm("n"), " Sure").At(ResidPost(4)).When(g.Decided("n") > 0f).Scale(1.1f));
        Assert.That(() => new GuardStack(Conditional(3, 0), behind), Throws.TypeOf<GuardException>().With.Message.Contains("Sure"));
    }
}
