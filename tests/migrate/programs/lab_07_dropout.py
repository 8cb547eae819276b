# Lab 7 Learning rate and Evaluation
import tensorflow as tf
import random
import numpy as np
tf.set_random_seed(777)  # reproducibility

images = np.random.RandomState(0).rand(300, 30).astype(np.float32)
labels = np.eye(5)[images[:, :5].argmax(1)]
nb_classes = 5

# MNIST data image of shape 28 * 28 = 784
X = tf.placeholder(tf.float32, [None, 30])
# 0 - 9 digits recognition = 10 classes
Y = tf.placeholder(tf.float32, [None, nb_classes])
keep_prob = tf.placeholder(tf.float32)

W1 = tf.get_variable("W1", shape=[30, 16], initializer=tf.contrib.layers.xavier_initializer())
b1 = tf.Variable(tf.random_normal([16]))
L1 = tf.nn.relu(tf.matmul(X, W1) + b1)
L1 = tf.nn.dropout(L1, keep_prob=keep_prob)
W2 = tf.get_variable("W2", shape=[16, nb_classes], initializer=tf.contrib.layers.xavier_initializer())
b2 = tf.Variable(tf.random_normal([nb_classes]), name="bias")
hypothesis = tf.matmul(L1, W2) + b2

# define cost/loss & optimizer
cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(
    logits=hypothesis, labels=tf.stop_gradient(Y)))
optimizer = tf.train.AdamOptimizer(learning_rate=0.01).minimize(cost)

# initialize
sess = tf.Session()
sess.run(tf.global_variables_initializer())

# train my model
for epoch in range(3):
    avg_cost = 0
    total_batch = 3
    for i in range(total_batch):
        batch_xs, batch_ys = images[i*100:i*100+100], labels[i*100:i*100+100]
        feed_dict = {X: batch_xs, Y: batch_ys, keep_prob: 0.7}
        c, _ = sess.run([cost, optimizer], feed_dict=feed_dict)
        avg_cost += c / total_batch
    print('Epoch:', '%04d' % (epoch + 1), 'cost =', '{:.9f}'.format(avg_cost))
print('Learning Finished!')

# Test model and check accuracy
correct_prediction = tf.equal(tf.argmax(hypothesis, 1), tf.argmax(Y, 1))
accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))
print('Accuracy:', sess.run(accuracy, feed_dict={X: images, Y: labels, keep_prob: 1}))

# Get one and predict
r = random.randint(0, 300 - 1)
print("Label: ", sess.run(tf.argmax(labels[r:r + 1], 1)))
print("Prediction: ", sess.run(
    tf.argmax(hypothesis, 1), feed_dict={X: images[r:r + 1], keep_prob: 1}))
