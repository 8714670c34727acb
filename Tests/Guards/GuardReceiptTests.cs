using System.Text.Json;
using Managed.Guards;
using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.CliTests;
using Managed.Tests.Models;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

/// <summary>What a guard did is told; what it could not do refuses the row and no other.</summary>
public class GuardReceiptTests
{
    private static readonly LanguageModel Model = TestModels.Hearth;
    private static readonly float[] Ones = [.. Enumerable.Repeat(1f, Model.Width)];
    private static readonly int[] Prompt = [10, 20, 30, 40, 50];

    private static GenerationOptions Under(CompiledGuard guard, int tokens = 4) => new() { MaxTokens = tokens, IgnoreEndTokens = true, Guard = guard };

    private readonly record struct Doubling : IResidualEdit
    {
        public void Apply(Span<float> stream, ResidualEditContext at)
        {
            foreach (ref float value in stream)
                value *= 2;
        }
    }

    [Test]
    public void A_receipt_tells_where_how_often_and_how_far()
    {
        using CompiledGuard guard = Guard.Define(g =>
        {
            GuardValue length = g.At(ResidPre(2)).On(LastPromptToken).ReadNorm("length");
            g.At(ResidPre(2)).From(LastPromptToken).When(length > 0f).Scale(1.5f);
            g.At(ResidPost(2)).On(Generated).When(length < 0f).Add(Ones, 3);
        }, "half more").Compile(Model);
        GenerationResult result = Model.Generate(Prompt, Under(guard));
        GuardReceipt receipt = result.Receipt!;
        Assert.That(Model.LastReceipt, Is.SameAs(receipt));
        StepReceipt scaled = receipt.Steps.Single(step => step.Step == 1);
        Assert.That((scaled.At, scaled.Matched, scaled.Fired, scaled.First, scaled.Last), Is.EqualTo(("blocks.2.hook_resid_pre", 4, 4, (int?)4, (int?)7)));
        Assert.That(scaled.Moved, Is.EqualTo(0.5).Within(1e-6));
        StepReceipt never = receipt.Steps.Single(step => step.Step == 2);
        Assert.That((never.Matched, never.Fired, never.Moved), Is.EqualTo((3, 0, (double?)null)));
        (_, ActivationCache cache) = Model.RunWithCache(Prompt, "blocks.2.hook_resid_pre");
        double expected = Math.Sqrt(cache["blocks.2.hook_resid_pre"].Values.ToArray()[^Model.Width..].Sum(value => (double)value * value));
        Assert.That(receipt.Registers["length"], Is.EqualTo(expected).Within(1e-4));
        Assert.That(receipt.ToString(), Is.EqualTo($"half more: step 1 (multiply by 1.5) fired at blocks.2.hook_resid_pre, 4 tokens, moved 0.5 of the stream's norm; length = {receipt.Registers["length"]:0.####}"));
    }

    [Test]
    public void A_step_whose_positions_never_come_is_an_error_unless_it_may_idle()
    {
        foreach (bool allowed in new[] { false, true })
        {
            using CompiledGuard guard = Guard.Define(g =>
            {
                GuardStepBuilder step = g.At(ResidPost(1)).On(GuardPositions.From(100));
                (allowed ? step.AllowIdle() : step).Add(Ones);
            }, "late").Compile(Model);
            if (allowed)
            {
                Assert.That(Model.Generate(Prompt, Under(guard)).Receipt!.ToString(), Does.Contain("nothing fired"));
                continue;
            }
            var error = Assert.Throws<GuardException>(() => Model.Generate(Prompt, Under(guard)))!;
            Assert.That(error.Message, Does.Contain("guard late, step 0").And.Contain("never acted").And.Contain("allow_idle"));
            Assert.That(Model.LastReceipt!.Refused, Is.EqualTo(error.Message));
        }
        using CompiledGuard generated = Guard.Define(g => g.At(ResidPost(1)).On(Generated).Add(Ones)).Compile(Model);
        Assert.That(Model.Generate(Prompt, Under(generated, tokens: 1)).Receipt!.Refused, Is.Null, "an answer of one token has no generated token that goes through the model");
    }

    [Test]
    public void A_guard_that_fails_refuses_its_row_and_no_other()
    {
        float[] huge = [.. Enumerable.Repeat(1e30f, Model.Width)];
        (string Says, GuardProgram Program)[] failing =
        [
            ("not finite", Guard.Define(g => g.At(ResidPost(1)).Add(huge, 1e30f), "overflow")),
            ("not finite", Guard.Define(g => g.At(ResidPost(1)).Add(huge, 1e-3f), "too large to go on")),
            ("its code threw \"out of luck\"", Guard.Define(g => g.At(ResidPost(1)).On(Generated).Call((_, _) => throw new InvalidOperationException("out of luck")), "throws")),
            ("not finite", Guard.Define(g => g.At(ResidPost(1)).Call((stream, _) => stream[3] = float.NaN), "nan")),
            ("not finite", Guard.Define(g => { g.At(ResidPre(0)).ReadProbe(new LinearProbe(huge), "p", sigmoid: false); g.At(ResidPost(0)).ReadProjection(huge); }, "reads too much")),
        ];
        foreach ((string says, GuardProgram program) in failing.Take(4))
        {
            using CompiledGuard guard = program.Compile(Model);
            using CompiledGuard well = Guard.Define(g => g.At(ResidPost(1)).Apply<Doubling>(), "doubles").Compile(Model);
            IReadOnlyList<GenerationResult> results = Model.GenerateBatch(
                [new GenerationRequest(Prompt, Under(well)), new GenerationRequest(Prompt, Under(guard)), new GenerationRequest(Prompt, new GenerationOptions { MaxTokens = 4, IgnoreEndTokens = true })]);
            Assert.That(results[1].Reason, Is.EqualTo(StopReason.Failed), program.Name);
            Assert.That(results[1].Failure, Is.TypeOf<GuardException>().With.Message.Contains(says).And.Message.Contains($"guard {program.Name}, step 0"));
            Assert.That(results[1].Receipt!.Refused, Is.EqualTo(results[1].Failure!.Message));
            Assert.That(results[0].Ids, Is.EqualTo(Model.Generate(Prompt, Under(well)).Ids), "the row before");
            Assert.That(results[2].Ids, Is.EqualTo(Model.Generate(Prompt, new GenerationOptions { MaxTokens = 4, IgnoreEndTokens = true }).Ids), "the row after");
        }
    }

    [Test]
    public void A_users_struct_edits_as_a_hook_does()
    {
        using CompiledGuard guard = Guard.Define(g => g.At(ResidPost(1)).Apply<Doubling>()).Compile(Model);
        float[] guarded = Model.Run(Prompt, new RunOptions { Guard = guard, Precision = Precision.Exact }).Output.Values.ToArray();
        using (Model.Hook("blocks.1.hook_resid_post", (stream, _) =>
        {
            for (int row = 0; row < stream.Rows; row++)
                foreach (ref float value in stream.Row(row))
                    value *= 2;
        }))
            Assert.That(Model.Run(Prompt, new RunOptions { Precision = Precision.Exact }).Output.Values.ToArray(), Is.EqualTo(guarded));
    }

    [Test]
    public void Run_prints_the_receipt_as_json_and_as_a_line()
    {
        string file = ThornvaleGuardTests.Example("conditional_steer_one_pass");
        string[] arguments = ["run", TestModels.HearthPath, "--chat", "--prompt", "Tell me how to make shadow curse.", "--guard", file];
        JsonElement receipt = CommandLine.RunJson(arguments).GetProperty("receipt");
        Assert.That(receipt.GetProperty("guard").GetString(), Is.EqualTo("conditional_steer_one_pass"));
        Assert.That(receipt.GetProperty("registers").GetProperty("harm").GetDouble(), Is.GreaterThan(0.5));
        Assert.That(receipt.GetProperty("steps")[1].GetProperty("fired").GetInt32(), Is.EqualTo(1));
        (int code, _, string error) = CommandLine.Run(arguments);
        Assert.That(code, Is.Zero);
        Assert.That(error, Does.Contain("[guard conditional_steer_one_pass: step 1 (add 1 × refusal.5) fired at blocks.5.hook_resid_post, 1 token, moved"));
    }
}
