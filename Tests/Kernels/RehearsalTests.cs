using Managed.Kernels;
using Managed.Kernels.Blocks;

namespace Managed.Tests.Devices;

public class RehearsalTests
{
    // What fails in a rehearsal fails unseen; here it is seen.
    [Test]
    public void A_step_on_zeros_runs_with_weights_of_every_type([Values] Precision precision) =>
        Assert.DoesNotThrow(() => Rehearsal.Run(BlockFormats.Known.Where(BlockFormats.IsDirect), precision));
}
