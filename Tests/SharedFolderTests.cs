namespace Managed.Tests;

public class SharedFolderTests
{
    [Test]
    public void The_repository_carries_the_models_that_it_ships() =>
        Assert.That(Path.Combine(SharedFolder.Repository, "models", "hearth", "config.json"), Does.Exist);
}
