using System.Text.Json;
using Managed.Loader;

namespace Managed.Tests.Loader;

/// <summary>Every damaged file must be refused, and the error must say where and what.</summary>
public class DamagedFilesTests
{
    /// <summary>Words that the error must hold, beside file and offset: the field and what was found there.</summary>
    private static readonly Dictionary<string, string[]> s_words = new()
    {
        ["empty.gguf"] = ["empty", "24 bytes"],
        ["truncated-header.gguf"] = ["kv_count", "end of the file"],
        ["truncated-kv.gguf"] = ["value of key general.name", "end of the file"],
        ["truncated-tensor-info.gguf"] = ["dimensions of tensor b.weight", "end of the file"],
        ["truncated-data.gguf"] = ["data of tensor b.weight", "past the end of the file", "1 bytes more"],
        ["offset-past-end.gguf"] = ["offset of tensor b.weight", "past the end of the file"],
        ["offset-overflow.gguf"] = ["offset of tensor a.weight", "overflow"],
        ["n-dims-9.gguf"] = ["tensor a.weight", "9 dimensions", "at most 4"],
        ["n-dims-huge.gguf"] = ["tensor a.weight", "4294967295 dimensions", "at most 4"],
        ["string-length-2e60.gguf"] = ["key general.name", "1152921504606846976", "exceeds the file"],
        ["duplicate-tensor.gguf"] = ["tensor same", "second time"],
        ["duplicate-key.gguf"] = ["key general.name", "second time"],
        ["unknown-tensor-type.gguf"] = ["tensor a.weight", "unknown type 999"],
        ["removed-tensor-type.gguf"] = ["tensor a.weight", "type 4 (Q4_2)", "no longer exists"],
        ["unknown-value-type.gguf"] = ["key general.odd", "unknown value type 13"],
        ["alignment-0.gguf"] = ["general.alignment", "found 0", "multiple of 8"],
        ["alignment-3.gguf"] = ["general.alignment", "found 3", "multiple of 8"],
        ["wrong-magic.gguf"] = ["not a GGUF file", "47 47 4D 4C"],
        ["version-1.gguf"] = ["version 1", "not supported"],
        ["version-99.gguf"] = ["version 99", "not supported"],
        ["big-endian.gguf"] = ["big-endian", "not supported"],
        ["array-nested.gguf"] = ["key x.nested", "nested arrays are not supported"],
        ["array-nested-20000.gguf"] = ["key x.nested", "nested"],
        ["array-count-2e62.gguf"] = ["key x.long", "4611686018427387904 elements", "exceeds the file"],
        ["kv-count-2e40.gguf"] = ["kv_count", "1099511627776", "cannot fit in the file"],
        ["overlap.gguf"] = ["a.weight", "b.weight", "overlap"],
        ["offset-misaligned.gguf"] = ["offset of tensor b.weight", "36", "not aligned to 32"],
        ["row-not-whole-blocks.gguf"] = ["tensor a.weight", "row length of 33", "Q4_0 block size 32"],
        ["dims-product-overflow.gguf"] = ["size of tensor a.weight", "overflow"],
        ["no-architecture.gguf"] = ["general.architecture", "mandatory"],
        ["llama-no-block-count.gguf"] = ["llama.block_count", "mandatory"],
        ["llama-no-tensors.gguf"] = ["blk.0.attn_norm.weight", "no such tensor"],
        ["empty.safetensors"] = ["header length", "empty"],
        ["seven-bytes.safetensors"] = ["header length", "7 bytes", "8 bytes"],
        ["header-longer-than-file.safetensors"] = ["header length", "4096", "exceeds the file"],
        ["header-200mb.safetensors"] = ["header length", "200000000", "exceeds the file"],
        ["header-2e63.safetensors"] = ["header length", "9223372036854775816", "exceeds the file"],
        ["header-length-0.safetensors"] = ["header", "nothing", "JSON"],
        ["header-not-json.safetensors"] = ["header", "at byte 8:", "not valid JSON"],
        ["header-json-cut.safetensors"] = ["header", "not valid JSON"],
        ["header-array.safetensors"] = ["header", "array", "a JSON object, starting with {"],
        ["header-not-utf8.safetensors"] = ["header", "byte FF", "UTF-8"],
        ["negative-offset.safetensors"] = ["data_offsets of tensor a", "-8"],
        ["offsets-reversed.safetensors"] = ["data_offsets of tensor a", "end 0 before the start 8"],
        ["offset-past-end.safetensors"] = ["tensor b", "past the end of the file"],
        ["offset-2e62.safetensors"] = ["tensor a", "past the end of the file"],
        ["overlap.safetensors"] = ["tensor a", "tensor b", "overlap"],
        ["hole.safetensors"] = ["bytes 8 to 12 of the data", "no tensor"],
        ["hole-at-start.safetensors"] = ["bytes 0 to 8 of the data", "no tensor"],
        ["trailing-bytes.safetensors"] = ["4 bytes", "belong to no tensor"],
        ["dtype-unknown.safetensors"] = ["tensor a", "unknown dtype Q4_0"],
        ["dtype-lower-case.safetensors"] = ["tensor a", "unknown dtype f32"],
        ["shape-mismatch.safetensors"] = ["tensor a", "shape [3] of F32", "12 bytes", "8"],
        ["shape-negative.safetensors"] = ["shape of tensor a", "negative"],
        ["shape-overflow.safetensors"] = ["size of tensor a", "overflow"],
        ["shape-float.safetensors"] = ["shape of tensor a", "2.0", "integers"],
        ["duplicate-key.safetensors"] = ["tensor a", "second time"],
        ["no-dtype.safetensors"] = ["tensor a", "no dtype"],
        ["no-offsets.safetensors"] = ["tensor a", "no data_offsets"],
        ["metadata-not-strings.safetensors"] = ["__metadata__", "step", "a string"],
        ["index-missing-shard"] = ["model-00002-of-00002.safetensors", "does not exist", "b"],
        ["index-absent-tensor"] = ["weight_map: b", "model-00001-of-00001.safetensors"],
        ["index-path-escape"] = ["../outside.safetensors", "leaves the folder"],
        ["index-not-json"] = ["model.safetensors.index.json", "not valid JSON"],
        ["index-no-weight-map"] = ["model.safetensors.index.json", "weight_map"],
    };

    public static IEnumerable<TestCaseData> GgufCases => Cases("gguf-damaged");

    public static IEnumerable<TestCaseData> SafetensorsCases => Cases("safetensors-damaged");

    [TestCaseSource(nameof(GgufCases))]
    public void A_damaged_GGUF_file_is_refused_with_its_reason(string file, long? offset, bool hasOffset)
    {
        string path = SharedFolder.Fixture($"gguf-damaged/{file}");
        var error = Assert.Throws<CheckpointException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            // What the container cannot know is asked for as a family's mapper would ask.
            checkpoint.Config.Count("block_count");
            checkpoint.Tensor("blk.0.attn_norm.weight");
        })!;
        Check(error, path, file);
        if (hasOffset)
            Assert.That(error.Offset, Is.EqualTo(offset), error.Message);
    }

    [TestCaseSource(nameof(SafetensorsCases))]
    public void A_damaged_safetensors_file_is_refused_with_its_reason(string file, long? offset, bool hasOffset)
    {
        Assert.That(hasOffset, Is.False);
        string path = SharedFolder.Fixture($"safetensors-damaged/{file}");
        var error = Assert.Throws<CheckpointException>(() =>
        {
            if (Directory.Exists(path))
                SafetensorsFolder.Open(path).Dispose();
            else
                SafetensorsFile.Open(path).Dispose();
        })!;
        Check(error, path, file);
    }

    [Test]
    public void Damaged_files_cost_no_memory_of_the_claimed_size()
    {
        foreach (string path in Directory.GetFiles(SharedFolder.Fixture("gguf-damaged"), "*.gguf").Concat(Directory.GetFiles(SharedFolder.Fixture("safetensors-damaged"), "*.safetensors")))
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (path.EndsWith(".gguf", StringComparison.Ordinal))
                    GgufFile.Open(path).Dispose();
                else
                    SafetensorsFile.Open(path).Dispose();
            }
            catch (CheckpointException)
            {
                // The other tests look at the errors.
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20), path);
        }
    }

    private static void Check(CheckpointException error, string path, string file)
    {
        Assert.That(error.File, Does.StartWith(path));
        Assert.That(error.Message, Does.StartWith(path));
        foreach (string word in s_words[file])
            Assert.That(error.Message, Does.Contain(word));
    }

    private static IEnumerable<TestCaseData> Cases(string folder)
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(SharedFolder.Fixture($"{folder}/cases.json")));
        foreach (JsonElement item in cases.RootElement.GetProperty("cases").EnumerateArray())
        {
            string file = item.GetProperty("file").GetString()!;
            bool hasOffset = item.TryGetProperty("offset", out JsonElement offset);
            long? at = hasOffset && offset.ValueKind == JsonValueKind.Number ? offset.GetInt64() : null;
            yield return new TestCaseData(file, at, hasOffset).SetArgDisplayNames(file);
        }
    }
}
