using System.Text.Json;
using Managed.Constraints;
using Managed.Guards;

namespace Managed.Tests.Guarding;

/// <summary>The published schema and the reader agree.</summary>
public class GuardSchemaTests
{
    private static readonly string Schema = File.ReadAllText(Path.Combine(SharedFolder.Repository, "docs", "guard.schema.json"));

    [Test]
    public void Every_example_is_valid_by_the_schema_and_mistakes_are_not()
    {
        Constraint constraint = Constraint.FromJsonSchema(Schema);
        string[] files = Directory.GetFiles(Path.Combine(SharedFolder.Repository, "examples", "guards"), "*.guard.json", SearchOption.AllDirectories);
        Assert.That(files, Is.Not.Empty);
        foreach (string file in files)
        {
            string text = Compact(File.ReadAllText(file));
            Assert.That(constraint.IsSatisfiedBy(text), file);
            Assert.That(constraint.IsSatisfiedBy(text.Replace("managed-guard/1", "managed-guard/9", StringComparison.Ordinal)), Is.False);
            Assert.That(constraint.IsSatisfiedBy(text.Replace("\"steps\"", "\"stepps\"", StringComparison.Ordinal)), Is.False);
        }
    }

    [Test]
    public void The_schema_names_every_operation_and_stage_with_the_members_that_are_taken()
    {
        using JsonDocument schema = JsonDocument.Parse(Schema);
        JsonElement[] steps = [.. schema.RootElement.GetProperty("$defs").GetProperty("step").GetProperty("anyOf").EnumerateArray()];
        string[] common = ["at", "on", "when", "sticky", "allow_idle", "do"];
        foreach (GuardOperation operation in GuardOperations.All.Where(operation => operation.Name != "custom"))
        {
            JsonElement step = steps.Single(step => step.GetProperty("properties").GetProperty("do").GetProperty("const").GetString() == operation.Name);
            Assert.That(step.GetProperty("properties").EnumerateObject().Select(member => member.Name), Is.EquivalentTo(common.Concat(operation.Tensors).Concat(operation.Optional).Concat(operation.Members)), operation.Name);
        }
        Assert.That(steps, Has.Length.EqualTo(GuardOperations.All.Count - 1));
        JsonElement stages = schema.RootElement.GetProperty("properties").GetProperty("logits").GetProperty("items").GetProperty("anyOf");
        Assert.That(stages.EnumerateArray().Select(stage => stage.GetProperty("properties").GetProperty("do").GetProperty("const").GetString()), Is.EqualTo(StageCompiler.Names.Select(stage => stage.Name)));
    }

    private static string Compact(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);
}
