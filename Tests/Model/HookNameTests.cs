using Managed.Hooks;

namespace Managed.Tests.Models;

public class HookNameTests
{
    private static HookNames Names => TestModels.Hearth.HookNames;

    [TestCase("blocks.3.hook_resid_post", "blocks.3.hook_resid_post")]
    [TestCase("blocks.-1.hook_resid_post", "blocks.5.hook_resid_post")]
    [TestCase("k2", "blocks.2.attn.hook_k")]
    [TestCase("pre5", "blocks.5.mlp.hook_pre")]
    [TestCase("scale4ln1", "blocks.4.ln1.hook_scale")]
    [TestCase("normalized0ln2", "blocks.0.ln2.hook_normalized")]
    [TestCase("resid_post3", "blocks.3.hook_resid_post")]
    [TestCase("resid_post.3", "blocks.3.hook_resid_post")]
    [TestCase("layers_output[4]", "blocks.4.hook_resid_post")]
    [TestCase("embed", "hook_embed")]
    [TestCase("scale", "ln_final.hook_scale")]
    [TestCase("normalized", "ln_final.hook_normalized")]
    [TestCase("blocks.1.hook_in", "blocks.1.hook_resid_pre")]
    [TestCase("blocks.1.attn.o.hook_in", "blocks.1.attn.hook_z")]
    [TestCase("blocks.1.mlp.in.hook_out", "blocks.1.mlp.hook_pre_linear")]
    [TestCase("unembed.hook_in", "unembed.hook_in")]
    [TestCase("logits", "logits")]
    public void A_name_of_any_of_the_known_tools_finds_its_point(string name, string point) =>
        Assert.That(Names.ResolveOne(name).ToString(), Is.EqualTo(point));

    [TestCase("pattern", 3, null, "blocks.3.attn.hook_pattern")]
    [TestCase("pattern", 3, "attn", "blocks.3.attn.hook_pattern")]
    [TestCase("scale", 4, "ln1", "blocks.4.ln1.hook_scale")]
    [TestCase("resid_post", -1, null, "blocks.5.hook_resid_post")]
    [TestCase("mlp_post", 2, null, "blocks.2.mlp.hook_post")]
    public void Name_layer_and_part_find_their_point(string name, int layer, string? part, string point) =>
        Assert.That(Names.ResolveOne(name, layer, part).ToString(), Is.EqualTo(point));

    [Test]
    public void A_name_without_a_layer_means_every_layer() =>
        Assert.That(Names.Resolve("resid_post").Select(address => address.Layer), Is.EqualTo(Enumerable.Range(0, 6)));

    [Test]
    public void A_glob_means_all_that_match() =>
        Assert.That(Names.Resolve("blocks.*.hook_resid_*").Count, Is.EqualTo(18));

    [TestCase("blocks.3.hook_resid_pots", "blocks.3.hook_resid_post")]
    [TestCase("blocks.9.hook_resid_post", "layers 0 to 5")]
    [TestCase("blocks.0.ln1_post.hook_scale", "no norm on the attention's output")]
    [TestCase("hook_pos_embed", "no learned positions")]
    [TestCase("blocks.0.mlp.hook_router_logits", "not a mixture of experts")]
    [TestCase("patern", "hook_pattern")]
    [TestCase("blocks.*.nothing", "no hook point of this model matches")]
    public void A_name_that_means_nothing_here_is_an_error_that_says_why_and_suggests(string name, string said) =>
        Assert.That(() => Names.Resolve(name), Throws.TypeOf<HookPointException>().With.Message.Contains(said).And.Message.Contains("Closest"));

    [Test]
    public void Every_point_of_every_architecture_resolves_to_itself()
    {
        foreach (string directory in TestModels.ArchitectureDirectories())
        {
            using LanguageModel model = TestModels.Load(directory);
            foreach (HookAddress address in model.HookNames.All())
                Assert.That(model.HookNames.ResolveOne(address.ToString()), Is.EqualTo(address), $"{Path.GetFileName(directory)}");
        }
    }
}
