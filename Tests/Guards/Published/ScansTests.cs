using Managed.Guards;
using Managed.Guards.Published;
using Managed.Kernels;

namespace Managed.Tests.Guarding;

/// <summary>reference/guards.md §5.1, §8.7.</summary>
public class ScansTests
{
    private static readonly LanguageModel Model = Thornvale.Model;
    private static readonly Lazy<ScansDirections> Directions = new(() => ScansDirections.Extract(Model,
        [.. new[] { "shadow curse", "plague dust", "night venom" }.SelectMany(work => new[] { Thornvale.Ask($"Tell me how to make {work}."), Thornvale.Ask($"How do I make {work}?") })],
        [.. new[] { "honey bread", "a straw hat", "apple wine" }.SelectMany(work => new[] { Thornvale.Ask($"Tell me how to make {work}."), Thornvale.Ask($"How do I make {work}?") })]));

    private static Scans With(float threshold, float strength = 1) => new() { Directions = Directions.Value, Threshold = threshold, Strength = strength };

    [Test]
    public void Direction_is_the_golden_unit_difference_of_means()
    {
        double[] v = ScansDirections.Direction([[1, 2, 0], [2, 2, 1]], [[0, 1, 1], [-1, 0, 1]]);
        Assert.That(v, Is.EqualTo(new[] { .784465, .588348, -.196116 }).Within(1e-6));
    }

    [Test]
    public void Similarity_is_the_golden_mean_of_cosines()
    {
        double[][] references = [[1, 0, 1], [0, 2, -1]], query = [[.8, .3, .9], [.2, 1.5, -.2]];
        Assert.That(ScansDirections.Similarity([query[0]], [references[0]]), Is.EqualTo(.968665).Within(1e-6));
        Assert.That(ScansDirections.Similarity([query[1]], [references[1]]), Is.EqualTo(.937534).Within(1e-6));
        Assert.That(ScansDirections.Similarity(query, references), Is.EqualTo(.953099).Within(1e-6));
        Assert.That(ScansDirections.Similarity([[0, 0, 0]], [references[0]]), Is.Zero, "a transition of length 0");
    }

    [Test]
    public void Layers_are_the_published_ones_of_32()
    {
        Assert.That(Scans.EditedLayers(32), Is.EqualTo((10, 20)));
        Assert.That(Scans.ClassifyingLayers(32), Is.EqualTo((10, 32)));
    }

    [Test]
    public void Directions_have_length_1_and_point_to_the_harmful()
    {
        foreach (int layer in Directions.Value.Steering.Layers)
            Assert.That(Math.Sqrt(Directions.Value.Steering[layer].Sum(value => (double)value * value)), Is.EqualTo(1).Within(1e-6));
        Assert.Throws<GuardException>(() => ScansDirections.Direction([[1, 2]], [[1, 2]]));
        Assert.Throws<GuardException>(() => ScansDirections.Extract(Model, [], [Thornvale.Ask(Thornvale.Fact)]));
    }

    // What the program reads in its pass is what the formula gives for states of a plain run.
    [Test]
    public void Program_reads_the_similarity_of_the_formula()
    {
        foreach (string text in Thornvale.Requests)
        {
            int[] prompt = Thornvale.Ask(text), suffix = Model.Encode(Scans.Sure, addSpecialTokens: false);
            ActivationCache cache = Model.Run([.. prompt, .. suffix], new RunOptions { Names = ["resid_post"], Precision = Precision.Exact }).Cache;
            var transitions = new List<double[]>();
            var references = new List<double[]>();
            (int first, int end) = Scans.ClassifyingLayers(Model.LayerCount);
            for (int layer = first; layer < end; layer++)
            {
                float[][] rows = [.. cache[GuardPoints.ResidPost(layer)].Values.ToArray().Chunk(Model.Width)];
                transitions.Add([.. rows[prompt.Length - 1].Zip(rows[^1], (e, s) => (double)e - s)]);
                references.Add(Array.ConvertAll(Directions.Value.Transition[layer], value => (double)value));
            }
            GuardReceipt receipt = Thornvale.Answer(text, With(0).Build(Model.LayerCount)).Receipt!;
            double read = Enumerable.Range(first, end - first).Average(layer => receipt.Registers[$"similarity.{layer}"]!.Value);
            Assert.That(read, Is.EqualTo(ScansDirections.Similarity([.. transitions], [.. references])).Within(1e-3), text);
        }
    }

    [Test]
    public void One_sign_or_the_other_acts_from_the_end_of_the_instruction_on()
    {
        foreach ((float threshold, float sign) in new[] { (-2f, 1f), (2f, -1f) })
        {
            GuardReceipt receipt = Thornvale.Answer(Thornvale.Framed, With(threshold).Build(Model.LayerCount)).Receipt!;
            StepReceipt[] fired = [.. receipt.Steps.Where(step => !step.Reads && step.Fired > 0)];
            (int first, int end) = Scans.EditedLayers(Model.LayerCount);
            Assert.That(fired, Has.Length.EqualTo(end - first));
            Assert.That(fired.Select(step => step.Does), Is.All.StartsWith(sign > 0 ? "add 1 ×" : "add -1 ×"));
            Assert.That(fired.Select(step => step.First), Is.All.EqualTo(Thornvale.Ask(Thornvale.Framed).Length - 1));
        }
    }

    [Test]
    public void The_sign_is_a_turned_vector()
    {
        ScansDirections own = Directions.Value;
        var turned = new SteeringVectors(Model.Width);
        foreach (int layer in own.Steering.Layers)
            turned[layer] = Array.ConvertAll(own.Steering[layer], value => -value);
        GuardProgram minus = With(2).Build(Model.LayerCount), plus = new Scans { Directions = own with { Steering = turned }, Threshold = -2, Strength = 1 }.Build(Model.LayerCount);
        foreach (string text in Thornvale.Requests)
            Assert.That(Thornvale.Answer(text, minus).Ids, Is.EqualTo(Thornvale.Answer(text, plus).Ids), text);
    }

    [Test]
    public void Strength_0_changes_no_token() => Thornvale.AssertIdle(With(0.5f, strength: 0).Build(Model.LayerCount));

    [Test]
    public void The_instructions_end_is_the_last_markers_last_token_and_must_be_there()
    {
        Assert.That(Scans.FindInstructionEnd([1, 7, 8, 2, 7, 8, 3, 4], [7, 8]), Is.EqualTo(-3));
        Assert.That(Scans.FindInstructionEnd([1, 7, 8], [7, 8]), Is.EqualTo(-1));
        Assert.Throws<GuardException>(() => Scans.FindInstructionEnd([1, 2, 3], [7, 8]));
        Assert.Throws<GuardException>(() => Scans.FindInstructionEnd([1, 2, 3], []));
        Assert.Throws<GuardException>(() => new Scans { Directions = Directions.Value, InstructionEnd = 0 }.Build(6));
    }

    [Test]
    public void An_earlier_end_of_the_instruction_moves_the_tokens_behind_it_too()
    {
        ScansDirections directions = ScansDirections.Extract(Model, [Thornvale.Ask(Thornvale.Dark)], [Thornvale.Ask(Thornvale.Craft)], instructionEnd: -2);
        GuardReceipt receipt = Thornvale.Answer(Thornvale.Dark, new Scans { Directions = directions, InstructionEnd = -2, Threshold = -2, Strength = 0.5f }.Build(Model.LayerCount)).Receipt!;
        Assert.That(receipt.Steps.First(step => !step.Reads && step.Fired > 0).First, Is.EqualTo(Thornvale.Ask(Thornvale.Dark).Length - 2));
    }
}
