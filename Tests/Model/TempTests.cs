using Managed.Verification;
namespace Managed.Tests.Model;
public class TempTests
{
    [TestCase("llama")] public void Golden(string name)
    {
        var d = SharedFolder.Require("fixtures/arch/" + name);
        using var m = TestModels.Load(d, 2);
        var r = Verifier.Verify(m, d + "/expected.safetensors", 1e-4);
        TestContext.Out.WriteLine(r.Worst); Assert.That(r.Passed, r.FirstDivergence);
        new InvarianceTests().Chunks_batches_forks_threads_and_idle_hooks_do_not_change_a_bit(d);
    }
}
