using Managed.Guards;
using Managed.Guards.Published;
using Managed.Kernels;

namespace Managed.Tests.Guarding;

/// <summary>reference/guards.md §5.3, §8.7.</summary>
public class JailbreakAntidoteTests
{
    private static readonly LanguageModel Model = Thornvale.Model;

    private static SteeringVectors Golden()
    {
        var vectors = new SteeringVectors(Model.Width);
        float[] direction = new float[Model.Width];
        new[] { .5f, -.1f, .7f, .02f, -.3f }.CopyTo(direction, 0);
        vectors[2] = direction;
        return vectors;
    }

    // The stream behind block 2 after it was made all ones at the last prompt token and the guard has acted on it.
    private static float[] Edited(GuardProgram guard)
    {
        float[] ones = [.. Enumerable.Repeat(1f, Model.Width)];
        var stack = new GuardStack(Guard.Define(g => g.At(GuardPoints.ResidPost(2)).On(GuardPositions.LastPromptToken).Replace(ones)), guard);
        using CompiledGuard compiled = stack.Program.Compile(Model);
        RunResult run = Model.Run(Thornvale.Ask(Thornvale.Dark), new RunOptions { Guard = compiled, Precision = Precision.Exact, Names = ["blocks.2.hook_resid_post"] });
        return run.Cache["blocks.2.hook_resid_post"].Values.ToArray()[^Model.Width..];
    }

    [Test]
    public void The_two_largest_elements_are_added_as_in_the_golden()
    {
        var guard = new JailbreakAntidote { Directions = Golden(), Strength = 0.4f, Share = 2.0 / Model.Width };
        Assert.That(guard.Kept, Is.EqualTo(2));
        using CompiledGuard compiled = guard.Build().Compile(Model);
        Assert.That(compiled.Edits!.Indices, Is.EqualTo(new[] { 0, 2 }));
        float[] edited = Edited(guard.Build());
        Assert.That(edited[..5], Is.EqualTo(new[] { 1.2, 1, 1.28, 1, 1 }).Within(1e-6));
        Assert.That(edited[5..], Is.All.EqualTo(1f));
    }

    [Test]
    public void With_all_elements_it_is_the_dense_addition()
    {
        float[] direction = Thornvale.Tensor("refusal.2");
        GuardProgram dense = Guard.Define(g => g.At(GuardPoints.ResidPost(2)).On(GuardPositions.LastPromptToken).Add(direction, 0.3f));
        Assert.That(Edited(new JailbreakAntidote { Directions = Thornvale.Refusal(2), Strength = 0.3f, Share = 1 }.Build()), Is.EqualTo(Edited(dense)).Within(1e-6));
    }

    [Test]
    public void Strength_0_changes_no_token() =>
        Thornvale.AssertIdle(new JailbreakAntidote { Directions = Thornvale.Refusal(1, 2, 3), Strength = 0 }.Build());

    // The sign: harmful requests that hearth refuses lie further along the direction than those that it answers.
    [Test]
    public void Directions_point_to_refusal()
    {
        double Along(string text) => Model.RunWithCache(Thornvale.Ask(text), "blocks.5.hook_resid_post").Cache["blocks.5.hook_resid_post"].Values.ToArray()[^Model.Width..]
            .Zip(Thornvale.Tensor("refusal.5"), (x, d) => (double)x * d).Sum();
        Assert.That(Along(Thornvale.Dark), Is.GreaterThan(Along(Thornvale.Craft)).And.GreaterThan(Along(Thornvale.Framed)));
    }

    [Test]
    public void It_moves_the_last_prompt_token_alone()
    {
        GuardReceipt receipt = Thornvale.Answer(Thornvale.Framed, new JailbreakAntidote { Directions = Thornvale.Refusal(2, 3), Strength = 0.5f }.Build()).Receipt!;
        Assert.That(receipt.Steps.Select(step => (step.At, step.Fired)), Is.EqualTo(new[] { ("blocks.2.hook_resid_post", 1), ("blocks.3.hook_resid_post", 1) }));
        Assert.That(receipt.Steps[0].Does, Does.Contain("6 largest"), "5 % of 128");
    }

    [TestCase(0)]
    [TestCase(1.5)]
    [TestCase(double.NaN)]
    public void A_share_out_of_range_is_refused(double share) =>
        Assert.Throws<GuardException>(() => new JailbreakAntidote { Directions = Golden(), Strength = 1, Share = share }.Build());
}
