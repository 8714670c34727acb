using Managed.Guards;
using Managed.Guards.Published;
using Managed.Tests.Models;

namespace Managed.Tests.Guarding;

/// <summary>Guardians that are chat models as they are, and their files.</summary>
public class ChatGuardianTests
{
    private Loader.Scratch scratch = null!;

    [SetUp]
    public void Begin() => scratch = new Loader.Scratch();

    [TearDown]
    public void End() => scratch.Dispose();

    private static LanguageModel Model => TestModels.Hearth;

    private static string Vectors => Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale", "vectors.safetensors");

    // Two words of the vocabulary that are one token each.
    private static string[] Words { get; } = [.. Enumerable.Range(0, Model.VocabularySize).Select(id => Model.Tokenizer.Decode([id]))
        .Where(word => word.Length > 1 && Model.Encode(word, addSpecialTokens: false).Length == 1).Take(2)];

    [Test]
    public void The_label_is_the_softmax_over_the_logits_of_its_words_behind_the_question()
    {
        var guardian = new ChatGuardian(Model, new ChatGuardianOptions { Ask = "Look: {request} Well?", SafeWords = [Words[0]], HarmfulWords = [Words[1]] });
        GuardianLabel label = guardian.Label(Thornvale.Dark);
        float[] logits = [.. Model.Run(Thornvale.Ask($"Look: {Thornvale.Dark} Well?")).Output[^1]];
        double safe = logits[Model.Encode(Words[0], addSpecialTokens: false)[0]], harmful = logits[Model.Encode(Words[1], addSpecialTokens: false)[0]];
        Assert.That(label.Harmful, Is.EqualTo(1 / (1 + Math.Exp(safe - harmful))).Within(1e-5));
        Assert.That((label.SafeLogit, label.HarmfulLogit), Is.EqualTo((safe, harmful)).Within(1e-4));
    }

    [Test]
    public void Trained_rows_of_the_head_are_a_probe_of_the_final_norm()
    {
        var random = new Random(2);
        var probe = new LinearProbe([.. Enumerable.Range(0, Model.Width).Select(_ => (float)random.NextDouble() - .5f)], .25f);
        float[] state = [.. Model.RunWithCache(Thornvale.Ask(Thornvale.Craft), "unembed.hook_in").Cache["unembed.hook_in"][^1]];
        double logit = state.Zip(probe.Weight, (a, b) => (double)a * b).Sum() + .25;
        GuardianLabel label = new ChatGuardian(Model, new ChatGuardianOptions { Probe = probe, Threshold = 1 / (1 + Math.Exp(-logit)) - 1e-4 }).Label(Thornvale.Craft);
        Assert.That(label.Harmful, Is.EqualTo(1 / (1 + Math.Exp(-logit))).Within(1e-5));
        Assert.That(label.IsFlagged, Is.True);
        Assert.That(new ChatGuardian(Model, new ChatGuardianOptions { Probe = probe with { Bias = float.NaN } }).Label(Thornvale.Craft), Has.Property("IsFlagged").True.And.Property("Failure").Not.Null);
    }

    [Test]
    public void A_model_may_be_its_own_guardian_and_answers_flagged_requests_as_it_is_told()
    {
        GuardProgram refusing = Guard.Load(Path.Combine(Path.GetDirectoryName(Vectors)!, "refusal_head.guard.json"));
        IGuardian Always(bool flags, GuardProgram? response) => new ChatGuardian(Model, new ChatGuardianOptions { Probe = new LinearProbe(new float[Model.Width], flags ? 9 : -9), Response = response, MaxTokens = 24 });
        GuardianRouter Router(IGuardian guardian) => new(Model, guardian, new GuardianRouterOptions { Parallel = false, Generation = new GenerationOptions { MaxTokens = 24 } });
        Assert.That(Router(Always(true, refusing)).Answer(Thornvale.Chat(Thornvale.Craft)).Ids, Is.EqualTo(Thornvale.Answer(Thornvale.Craft, refusing).Ids));
        Assert.That(Router(Always(true, null)).Answer(Thornvale.Chat(Thornvale.Craft)).Text, Is.EqualTo(new ChatGuardianOptions().Refusal));
        RoutedAnswer passed = Router(Always(false, refusing)).Answer(Thornvale.Chat(Thornvale.Craft));
        Assert.That((passed.By, passed.Ids.SequenceEqual(Thornvale.Answer(Thornvale.Craft, null).Ids)), Is.EqualTo((AnsweredBy.Target, true)));
        Assert.That(() => new GuardianRouter(Model, Always(true, null)), Throws.TypeOf<GuardException>().With.Message.Contains("one model"), "not at the same time");
    }

    [Test]
    public void What_makes_no_guardian_is_refused()
    {
        void Refused(ChatGuardianOptions options, string expected) => Assert.That(() => new ChatGuardian(Model, options), Throws.TypeOf<GuardException>().With.Message.Contains(expected));
        Refused(new ChatGuardianOptions(), "no probe");
        Refused(new ChatGuardianOptions { SafeWords = [Words[0]], HarmfulWords = [Words[0]] }, "none of them both");
        Refused(new ChatGuardianOptions { SafeWords = ["a whole sentence of words"], HarmfulWords = [Words[0]] }, "one token");
        Refused(new ChatGuardianOptions { Probe = new LinearProbe([1, 2]) }, "2 weights");
        Refused(new ChatGuardianOptions { SafeWords = [Words[0]], HarmfulWords = [Words[1]], Ask = "Is it harmful?" }, "{request}");
        Refused(new ChatGuardianOptions { SafeWords = [Words[0]], HarmfulWords = [Words[1]], Threshold = 2 }, "threshold");
    }

    [Test]
    public void A_file_says_what_is_asked_and_a_checkpoint_is_a_trained_guardian()
    {
        File.Copy(Vectors, scratch.File("v.safetensors"));
        string file = scratch.Write("gate.guardian.json", """
            {"format": "managed-guardian/1", "what": "a probe", "probe": {"vectors": "v.safetensors", "weight": "probe.5.weight", "bias": "probe.5.bias"}, "threshold": 0.25, "refusal": "No."}
            """);
        using (GuardianFile loaded = GuardianFile.Load(file, Model, new LoadOptions(), 8))
        {
            Assert.That(loaded.Name, Is.EqualTo("gate"));
            Assert.That(loaded.Guardian.Model, Is.SameAs(Model), "where no model is named, the one that it stands before reads");
            Assert.That(loaded.Guardian.Respond(Thornvale.Dark).Text, Is.EqualTo("No."));
            Assert.That(loaded.Guardian.Label(Thornvale.Dark).Harmful, Is.EqualTo(new ChatGuardian(Model, new ChatGuardianOptions { Probe = Thornvale.Probe(5) }).Label(Thornvale.Dark).Harmful));
        }
        using GuardianFile warden = GuardianFile.Load(Path.Combine(SharedFolder.Repository, "models", "warden"), Model, new LoadOptions(), 8);
        Assert.That((warden.Name, warden.Guardian is SlmGuardian, warden.Guardian.Label(Thornvale.Dark).IsFlagged), Is.EqualTo(("warden", true, true)));
    }

    [TestCase("{}", "format")]
    [TestCase("""{"format": "managed-guardian/1", "asks": "x"}""", "no probe")]
    [TestCase("""{"format": "managed-guardian/1", "safe": ["a", 3], "harmful": ["b"]}""", "words")]
    [TestCase("""{"format": "managed-guardian/1", "probe": {"vectors": "v.safetensors", "weight": "w", "bias": "b"}}""", "no tensor w")]
    [TestCase("""{"format": "managed-guardian/1", "probe": {"weight": "w", "bias": "b"}}""", "vectors")]
    public void A_file_that_is_no_guardian_is_refused_by_name(string content, string expected)
    {
        File.Copy(Vectors, scratch.File("v.safetensors"));
        Assert.That(() => GuardianFile.Load(scratch.Write("g.guardian.json", content), Model, new LoadOptions(), 8),
            Throws.TypeOf<GuardException>().With.Message.Contains(expected).And.Message.Contains("g.guardian.json"));
    }
}
