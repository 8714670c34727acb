using Managed.Cli;

namespace Managed.Tests.CliTests;

/// <summary>A file is there complete or not at all.</summary>
public class OutputFileTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void A_file_appears_when_it_is_complete()
    {
        string path = Path.Combine(folder, "out.bin");
        OutputFile.Write(path, stream =>
        {
            Assert.That(path, Does.Not.Exist);
            stream.Write([1, 2, 3]);
        });
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_failure_leaves_the_old_file_as_it_was()
    {
        string path = Path.Combine(folder, "out.bin");
        File.WriteAllText(path, "old");
        Assert.Throws<UsageException>(() => OutputFile.Write(path, stream =>
        {
            stream.Write([1, 2, 3]);
            throw new UsageException("no");
        }));
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void An_interruption_discards_what_is_unfinished()
    {
        string path = Path.Combine(folder, "out.bin");
        OutputFile.WriteTo(path, part =>
        {
            File.WriteAllText(part, "half");
            OutputFile.DiscardUnfinished();
            Assert.That(part, Does.Not.Exist);
            File.WriteAllText(part, "whole"); // so that the move finds something; a real interruption ends the process
        });
        Assert.That(Directory.GetFiles(folder), Is.EqualTo(new[] { path }));
    }
}
