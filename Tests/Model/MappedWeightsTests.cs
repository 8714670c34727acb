using Managed.Loader;

namespace Managed.Tests.Models;

/// <summary>Weights are used where they lie in the file: opening a model copies nothing of them.</summary>
public unsafe class MappedWeightsTests
{
    [TestCase("models/hearth")]
    [TestCase("Tests/Fixtures/gguf-arch/llama-llama3.gguf")]
    public void Tensors_are_windows_on_the_mapped_file(string path)
    {
        path = Path.Combine(SharedFolder.Repository, path);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        foreach (IGrouping<string, StoredTensor> file in checkpoint.Tensors.Values.GroupBy(tensor => tensor.File))
        {
            Assert.That(file.Select(tensor => (nint)(tensor.Data - tensor.FileOffset)).Distinct().Count(), Is.EqualTo(1), "all of one file share its first byte");
            byte[] bytes = File.ReadAllBytes(file.Key);
            foreach (StoredTensor tensor in file)
                Assert.That(new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount).SequenceEqual(bytes.AsSpan((int)tensor.FileOffset, (int)tensor.ByteCount)), tensor.Name);
        }
    }

    [TestCase("hearth")] // BF16
    public void A_model_of_the_repository_is_loaded_without_a_copy(string name) => CheckNoCopy(Path.Combine(SharedFolder.Repository, "models", name));

    [Test]
    public void A_quantised_model_is_loaded_without_a_copy() => CheckNoCopy(SharedFolder.Require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"));

    private static void CheckNoCopy(string path)
    {
        using (LanguageModel warm = LanguageModel.Load(path))
            Assert.That(warm.Binder.CopiedBytes, Is.Zero);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        using LanguageModel model = LanguageModel.Load(path);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        long weights = model.Checkpoint.Tensors.Values.Sum(tensor => tensor.ByteCount);
        Assert.That(allocated, Is.LessThan(weights / 4), $"of {weights} bytes of weights");
    }
}
