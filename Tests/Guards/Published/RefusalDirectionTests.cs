using Managed.Guards;
using Managed.Guards.Published;
using Managed.Kernels;

namespace Managed.Tests.Guarding;

public class RefusalDirectionTests
{
    private static readonly LanguageModel Model = Thornvale.Model;
    private static readonly float[] Direction = Thornvale.Tensor("refusal.3");

    private static RunResult Run(GuardProgram? guard)
    {
        using CompiledGuard? compiled = guard?.Compile(Model);
        return Model.Run(Thornvale.Ask(Thornvale.Framed), new RunOptions
        {
            Guard = compiled,
            Precision = Precision.Exact,
            Names = ["resid_pre", "resid_post"],
        });
    }

    // x·r̂ of each token.
    private static double[] Shares(RunResult run, string point)
    {
        double length = Math.Sqrt(Direction.Sum(value => (double)value * value));
        return [.. run.Cache[point].Values.ToArray().Chunk(Model.Width).Select(row => row.Zip(Direction, (x, r) => (double)x * r).Sum() / length)];
    }

    [Test]
    public void Ablated_model_writes_nothing_along_the_direction()
    {
        RunResult own = Run(null), ablated = Run(RefusalDirection.Ablate(Direction));
        for (int layer = 0; layer < Model.LayerCount; layer++)
        {
            Assert.That(Shares(ablated, GuardPoints.ResidPre(layer)), Is.All.EqualTo(0).Within(1e-4), $"x_{layer}");
            Assert.That(Shares(ablated, GuardPoints.ResidPost(layer)), Is.All.EqualTo(0).Within(1e-4), $"x_{layer + 1}");
            Assert.That(Shares(own, GuardPoints.ResidPost(layer)).Max(Math.Abs), Is.GreaterThan(0.05));
        }
    }

    [Test]
    public void Half_an_ablation_leaves_half_of_the_embeddings_share()
    {
        double[] own = Shares(Run(null), GuardPoints.ResidPre(0)), half = Shares(Run(RefusalDirection.Ablate(Direction, 0.5f)), GuardPoints.ResidPre(0));
        for (int token = 0; token < own.Length; token++)
            Assert.That(half[token], Is.EqualTo(own[token] / 2).Within(1e-5));
    }

    [Test]
    public void Addition_is_what_a_hook_at_the_blocks_input_adds()
    {
        float[] guarded = Run(RefusalDirection.Add(Direction, layer: 2, strength: 0.75f)).Output.Values.ToArray();
        using (Model.Hook("blocks.2.hook_resid_pre", (stream, _) =>
        {
            for (int row = 0; row < stream.Rows; row++)
                for (int i = 0; i < Direction.Length; i++)
                    stream.Row(row)[i] += 0.75f * Direction[i];
        }))
        {
            float[] hooked = Run(null).Output.Values.ToArray();
            for (int i = 0; i < hooked.Length; i++)
                Assert.That(guarded[i], Is.EqualTo(hooked[i]).Within(1e-4));
        }
    }

    [Test]
    public void Clamped_stream_stays_within_the_bounds_and_is_untouched_inside_them()
    {
        double[] own = Shares(Run(null), GuardPoints.ResidPre(3));
        double low = own.Order().ElementAt(own.Length / 2);
        RunResult clamped = Run(RefusalDirection.Clamp(Direction, layer: 3, (float)low)), free = Run(RefusalDirection.Clamp(Direction, 3, -1e6f, 1e6f));
        Assert.That(Shares(clamped, GuardPoints.ResidPre(3)), Is.All.GreaterThan(low - 1e-4));
        Assert.That(free.Output.Values.ToArray(), Is.EqualTo(Run(null).Output.Values.ToArray()), "bounds that nothing leaves change no bit");
    }

    [Test]
    public void Strength_0_changes_no_bit()
    {
        float[] own = Run(null).Output.Values.ToArray();
        Assert.That(Run(RefusalDirection.Add(Direction, 2, 0)).Output.Values.ToArray(), Is.EqualTo(own));
        Assert.That(Run(RefusalDirection.Ablate(Direction, 0)).Output.Values.ToArray(), Is.EqualTo(own));
    }

    [Test]
    public void What_is_no_direction_or_no_block_is_refused()
    {
        Assert.That(() => RefusalDirection.Add(Direction, -1), Throws.TypeOf<GuardException>().With.Message.Contains("layer"));
        Assert.That(() => Run(RefusalDirection.Ablate(new float[Model.Width])), Throws.TypeOf<GuardException>().With.Message.Contains("zeros"));
        Assert.That(() => Run(RefusalDirection.Clamp(Direction, 2, 3, 1)), Throws.TypeOf<GuardException>().With.Message.Contains("low"));
        Assert.That(() => Run(RefusalDirection.Add(Direction, Model.LayerCount)), Throws.TypeOf<GuardException>());
    }
}
