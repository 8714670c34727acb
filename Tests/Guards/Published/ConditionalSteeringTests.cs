using Managed.Guards;
using Managed.Guards.Published;

namespace Managed.Tests.Guarding;

public class ConditionalSteeringTests
{
    private static readonly LinearProbe Probe = Thornvale.Probe(4);

    private static GuardProgram Of(SteeringRule rule, params ConditionReading[] readings) => new ConditionalSteering { Readings = readings, Rules = [rule] }.Build();

    [Test]
    public void Rules_join_what_was_read()
    {
        ConditionReading harm = ConditionReading.Probe("harm", 4, Probe), along = ConditionReading.Projection("along", 4, Thornvale.Tensor("harm.4")),
            like = ConditionReading.Cosine("like", 4, Thornvale.Tensor("harm.4"));
        GuardProgram guard = Of(new SteeringRule("harm > 0.5 and (along > 0 or not (abs(like) < 0.01))", Thornvale.Refusal(5), 1), harm, along, like);
        foreach (string text in Thornvale.Requests)
        {
            GuardReceipt receipt = Thornvale.Answer(text, guard).Receipt!;
            bool expected = receipt.Registers["harm"] > 0.5 && (receipt.Registers["along"] > 0 || !(Math.Abs(receipt.Registers["like"]!.Value) < 0.01));
            Assert.That(receipt.Steps.Single(step => !step.Reads).Fired > 0, Is.EqualTo(expected), text);
        }
        Assert.That(Thornvale.Answer(Thornvale.Framed, guard).Receipt!.Registers["harm"], Is.GreaterThan(0.5));
        Assert.That(Thornvale.Answer(Thornvale.Craft, guard).Receipt!.Registers["harm"], Is.LessThan(0.5));
    }

    // The published condition is cos(h, proj_c h), which is the size of cos(h, c).
    [Test]
    public void Cosine_is_that_of_stream_and_vector()
    {
        float[] c = Thornvale.Tensor("harm.2");
        GuardProgram guard = Of(new SteeringRule("abs(like) > 2", Thornvale.Refusal(5), 1), ConditionReading.Cosine("like", 2, c));
        (_, ActivationCache cache) = Thornvale.Model.RunWithCache(Thornvale.Ask(Thornvale.Dark), "blocks.2.hook_resid_post");
        float[] h = cache["blocks.2.hook_resid_post"].Values.ToArray()[^c.Length..];
        double dot = h.Zip(c, (a, b) => (double)a * b).Sum(), lengths = Math.Sqrt(h.Sum(a => (double)a * a) * c.Sum(a => (double)a * a));
        double[] projected = [.. c.Select(value => dot / c.Sum(a => (double)a * a) * value)];
        double published = h.Zip(projected, (a, b) => a * b).Sum() / Math.Sqrt(h.Sum(a => (double)a * a) * projected.Sum(a => a * a));
        double read = Thornvale.Answer(Thornvale.Dark, guard).Receipt!.Registers["like"]!.Value;
        Assert.That(read, Is.EqualTo(dot / lengths).Within(1e-4));
        Assert.That(Math.Abs(read), Is.EqualTo(published).Within(1e-4));
    }

    [TestCase(4, 5, false)]
    [TestCase(4, 4, false)]
    [TestCase(4, 3, true)]
    public void A_pass_of_its_own_is_taken_only_where_an_edit_lies_before_a_reading(int readAt, int editAt, bool expected)
    {
        GuardProgram guard = Of(new SteeringRule("harm > 0.5", Thornvale.Refusal(editAt), 1), ConditionReading.Probe("harm", readAt, Probe));
        Assert.That(guard.Decide.Count > 0, Is.EqualTo(expected));
        GenerationResult result = Thornvale.Answer(Thornvale.Framed, guard);
        Assert.That(result.Receipt!.Steps.Single(step => !step.Reads).Fired, Is.GreaterThan(1), "the last prompt token and the answer's");
        Assert.That(result.Receipt.Registers["harm"], Is.GreaterThan(0.5));
    }

    [Test]
    public void Edits_of_the_whole_prompt_wait_for_the_reading()
    {
        GuardProgram guard = Of(new SteeringRule("harm > 0.5", Thornvale.Refusal(5), 0.5f) { Positions = GuardPositions.All }, ConditionReading.Probe("harm", 4, Probe));
        int prompt = Thornvale.Ask(Thornvale.Framed).Length;
        StepReceipt step = Thornvale.Answer(Thornvale.Framed, guard).Receipt!.Steps.Single(step => !step.Reads);
        Assert.That((step.First, step.Fired >= prompt), Is.EqualTo(((int?)0, true)));
        Assert.That(Thornvale.Answer(Thornvale.Craft, guard).Ids, Is.EqualTo(Thornvale.Answer(Thornvale.Craft, null).Ids));
    }

    [Test]
    public void A_condition_that_does_not_hold_and_strength_0_change_no_token()
    {
        Thornvale.AssertIdle(Of(new SteeringRule("harm > 2", Thornvale.Refusal(0, 5), 3), ConditionReading.Probe("harm", 4, Probe)));
        Thornvale.AssertIdle(Of(new SteeringRule("harm > 0", Thornvale.Refusal(0, 5), 0), ConditionReading.Probe("harm", 4, Probe)));
    }

    [Test]
    public void Rules_that_make_no_sense_are_refused()
    {
        ConditionReading harm = ConditionReading.Probe("harm", 4, Probe);
        Assert.That(() => Of(new SteeringRule("harmm > 0.5", Thornvale.Refusal(5), 1), harm), Throws.TypeOf<GuardException>().With.Message.Contains("harmm"));
        Assert.That(() => new ConditionalSteering { Readings = [harm], Rules = [] }.Build(), Throws.TypeOf<GuardException>());
        Assert.That(() => new SteeringRule("harm >", Thornvale.Refusal(5), 1), Throws.TypeOf<GuardException>());
        Assert.That(() => ConditionReading.Probe("harm", -1, Probe), Throws.TypeOf<GuardException>());
    }
}
