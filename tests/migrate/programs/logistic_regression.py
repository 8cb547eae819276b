'''
A logistic regression learning algorithm example using TensorFlow library.
'''
from __future__ import print_function
import numpy as np
import tensorflow as tf

rs = np.random.RandomState(3)
X_ = rs.rand(500, 20); Y_ = np.eye(4)[(X_[:, :4]).argmax(1)]

class mnist:
    class train:
        num_examples = 500
        at = 0
        @classmethod
        def next_batch(cls, n):
            i = cls.at % 500
            cls.at += n
            return X_[i:i+n], Y_[i:i+n]
    class test:
        images, labels = X_[:100], Y_[:100]

# Parameters
learning_rate = 0.01
training_epochs = 3
batch_size = 100
display_step = 1

# tf Graph Input
x = tf.placeholder(tf.float32, [None, 20]) # mnist data image of shape 28*28=784
y = tf.placeholder(tf.float32, [None, 4]) # 0-9 digits recognition => 10 classes

# Set model weights
W = tf.Variable(tf.zeros([20, 4]))
b = tf.Variable(tf.zeros([4]))

# Construct model
pred = tf.nn.softmax(tf.matmul(x, W) + b) # Softmax

# Minimize error using cross entropy
cost = tf.reduce_mean(-tf.reduce_sum(y*tf.log(pred), reduction_indices=1))
# Gradient Descent
optimizer = tf.train.GradientDescentOptimizer(learning_rate).minimize(cost)

# Initialize the variables (i.e. assign their default value)
init = tf.global_variables_initializer()

# Start training
with tf.Session() as sess:

    # Run the initializer
    sess.run(init)

    # Training cycle
    for epoch in range(training_epochs):
        avg_cost = 0.
        total_batch = int(mnist.train.num_examples/batch_size)
        # Loop over all batches
        for i in range(total_batch):
            batch_xs, batch_ys = mnist.train.next_batch(batch_size)
            # Run optimization op (backprop) and cost op (to get loss value)
            _, c = sess.run([optimizer, cost], feed_dict={x: batch_xs,
                                                          y: batch_ys})
            # Compute average loss
            avg_cost += c / total_batch
        # Display logs per epoch step
        if (epoch+1) % display_step == 0:
            print("Epoch:", '%04d' % (epoch+1), "cost=", "{:.9f}".format(avg_cost))

    print("Optimization Finished!")

    # Test model
    correct_prediction = tf.equal(tf.argmax(pred, 1), tf.argmax(y, 1))
    # Calculate accuracy
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))
    print("Accuracy:", accuracy.eval({x: mnist.test.images, y: mnist.test.labels}))
