using System.Runtime.InteropServices;
using System.Text.Json;
using Managed.Loader;

namespace Managed.Tests.RealModels;

/// <summary>
/// minGPT's gpt-nano, trained to sort six digits: its JSON becomes a GPT-2 folder in Hugging Face layout. minGPT keeps
/// matrices as [outputs, inputs], GPT-2's convention is [inputs, outputs]; its causal masks are no parameters.
/// </summary>
internal static class NanoSortCheckpoint
{
    public static void Write(string folder, JsonElement model)
    {
        JsonElement config = model.GetProperty("config");
        int layers = config.GetProperty("n_layer").GetInt32();
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new
        {
            model_type = "gpt2",
            n_layer = layers,
            n_head = config.GetProperty("n_head").GetInt32(),
            n_embd = config.GetProperty("n_embd").GetInt32(),
            vocab_size = config.GetProperty("vocab_size").GetInt32(),
            n_positions = config.GetProperty("block_size").GetInt32(),
            activation_function = "gelu_new",
            layer_norm_epsilon = 1e-5,
            tie_word_embeddings = false,
        }));

        var tensors = new List<TensorToWrite>();
        foreach (JsonProperty tensor in model.EnumerateObject().Where(property => property.Name != "config" && !property.Name.EndsWith(".attn.bias", StringComparison.Ordinal)))
        {
            float[] values = Values(tensor.Value);
            long[] shape = [.. Shape(tensor.Value).Select(size => (long)size)];
            bool transposed = shape.Length == 2 && tensor.Name.Contains(".h.", StringComparison.Ordinal);
            tensors.Add(transposed
                ? TensorToWrite.From(tensor.Name, [shape[1], shape[0]], Transpose(values, (int)shape[0], (int)shape[1]))
                : TensorToWrite.From(tensor.Name, shape, values));
        }
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors);
    }

    /// <summary>A tensor of the JSON files: little-endian float32 in base 64.</summary>
    public static float[] Values(JsonElement tensor)
    {
        float[] values = MemoryMarshal.Cast<byte, float>(tensor.GetProperty("data").GetBytesFromBase64()).ToArray();
        Assert.That(values, Has.Length.EqualTo(Shape(tensor).Aggregate(1, (product, size) => product * size)));
        return values;
    }

    public static int[] Shape(JsonElement tensor) => [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];

    private static float[] Transpose(float[] values, int rows, int columns)
    {
        var transposed = new float[values.Length];
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++)
                transposed[(c * rows) + r] = values[(r * columns) + c];
        return transposed;
    }
}
